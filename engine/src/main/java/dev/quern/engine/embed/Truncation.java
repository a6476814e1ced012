package dev.quern.engine.embed;

import dev.quern.engine.text.EncodedText;
import java.util.Optional;

/**
 * What becomes of a text that is too long.
 *
 * @param cut the end that gives way; empty: it is refused
 * @param mostTokens kept of each text where that is less than the model takes
 */
public record Truncation(Optional<EncodedText.Side> cut, int mostTokens) {
  /** What is too long is refused. */
  public static final Truncation NONE = new Truncation(Optional.empty(), Integer.MAX_VALUE);

  public Truncation {
    if (mostTokens < 1) {
      throw new IllegalArgumentException("at most " + mostTokens + " tokens");
    }
  }

  /** Cut to what the model takes. */
  public static Truncation at(EncodedText.Side cut) {
    return new Truncation(Optional.of(cut), Integer.MAX_VALUE);
  }
}
