package dev.quern.supplier.http.openai;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import org.jspecify.annotations.Nullable;

/** An error of the protocol itself: it fixes the HTTP status or OpenAI's {@code code}. */
public final class ApiException extends QuernException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;

  public ApiException(
      int status,
      String code,
      ErrorCategory category,
      @Nullable String field,
      String message,
      @Nullable Throwable cause) {
    super(category, field, message, cause);
    this.status = status;
    this.code = code;
  }

  /** A fault of the caller's that belongs to no field. */
  public static ApiException refused(int status, String code, String message) {
    return new ApiException(status, code, ErrorCategory.BAD_REQUEST, null, message, null);
  }

  /** A prompt, or prompt and output together, that the model's context cannot hold. */
  public static ApiException contextExceeded(String field, String message) {
    return new ApiException(
        400, "context_length_exceeded", ErrorCategory.BAD_REQUEST, field, message, null);
  }

  public int status() {
    return status;
  }

  public String code() {
    return code;
  }
}
