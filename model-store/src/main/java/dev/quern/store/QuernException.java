package dev.quern.store;

import org.jspecify.annotations.Nullable;

/**
 * An error with a category and a message for a person: it names the cause (the file, the field, the
 * numbers) and the way out. Every room throws this type or a subclass for what a caller can act on.
 */
public class QuernException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCategory category;
  private final @Nullable String field;

  public QuernException(ErrorCategory category, String message) {
    this(category, null, message, null);
  }

  public QuernException(ErrorCategory category, String message, @Nullable Throwable cause) {
    this(category, null, message, cause);
  }

  /**
   * An error about one field.
   *
   * @param field the request field or setting at fault, in the caller's own spelling, or null
   */
  public QuernException(
      ErrorCategory category, @Nullable String field, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.category = category;
    this.field = field;
  }

  /** A {@link ErrorCategory#BAD_REQUEST} that names the field at fault. */
  public static QuernException badRequest(String field, String message) {
    return new QuernException(ErrorCategory.BAD_REQUEST, field, message, null);
  }

  public final ErrorCategory category() {
    return category;
  }

  /** The request field or setting at fault, or null when no single one is. */
  public final @Nullable String field() {
    return field;
  }

  /** The message; never null, unlike {@link #getMessage()}'s declared type. */
  public final String message() {
    return String.valueOf(getMessage());
  }
}
