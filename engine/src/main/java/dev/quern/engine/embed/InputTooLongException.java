package dev.quern.engine.embed;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;

/** A text that is longer than the model takes and was not to be cut. */
public final class InputTooLongException extends QuernException {
  private static final long serialVersionUID = 1L;

  private InputTooLongException(String field, String message) {
    super(ErrorCategory.BAD_REQUEST, field, message, null);
  }

  static InputTooLongException tokens(String field, int tokens, int most) {
    return new InputTooLongException(
        field,
        "This model takes at most "
            + most
            + " tokens, but '"
            + field
            + "' has one input of "
            + tokens
            + ". Shorten it, or ask for it to be truncated.");
  }

  /** Known without tokenising, which for megabytes takes seconds. */
  static InputTooLongException chars(String field, int chars, int mostTokens, long mostChars) {
    return new InputTooLongException(
        field,
        "This model takes at most "
            + mostTokens
            + " tokens, for which at most "
            + mostChars
            + " characters are taken, but '"
            + field
            + "' has one input of "
            + chars
            + " characters. Shorten it, or ask for it to be truncated.");
  }
}
