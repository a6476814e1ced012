package dev.quern.engine.text.jinja;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import org.jspecify.annotations.Nullable;

/**
 * A template that cannot be read or that fails while it renders. What a template itself refuses
 * through {@code raise_exception} is a plain {@link QuernException} with the template's message.
 */
public final class TemplateException extends QuernException {
  private static final long serialVersionUID = 1L;

  private final int line;

  private TemplateException(
      ErrorCategory category, int line, String message, @Nullable Throwable cause) {
    super(category, message, cause);
    this.line = line;
  }

  /** The source is not a template: no request can be rendered with it. */
  static TemplateException syntax(int line, String message) {
    return new TemplateException(
        ErrorCategory.INTERNAL, line, "chat template, line " + line + ": " + message, null);
  }

  /** The template and the values it was given do not go together, or a limit was reached. */
  static TemplateException evaluation(int line, String message, @Nullable Throwable cause) {
    return new TemplateException(
        ErrorCategory.BAD_REQUEST,
        line,
        "chat template fails at line " + line + ": " + message,
        cause);
  }

  /** The line of the template's source, from 1. */
  public int line() {
    return line;
  }
}
