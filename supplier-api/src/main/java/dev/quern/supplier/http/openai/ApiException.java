package dev.quern.supplier.http.openai;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import org.jspecify.annotations.Nullable;

/** An error of the protocol itself: it fixes the HTTP status or OpenAI's {@code code}. */
public final class ApiException extends QuernException {
  private static final long serialVersionUID = 1L;

  /** Codes by which TEI's errors are told apart. */
  static final String EMPTY_INPUT = "empty_input";

  static final String WRONG_KIND = "wrong_model_kind";

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

  /** More inputs in one request than are taken. */
  public static ApiException tooManyInputs(String field, int inputs, int most) {
    return new ApiException(
        413,
        "too_many_inputs",
        ErrorCategory.BAD_REQUEST,
        field,
        "The field '"
            + field
            + "' has a batch of "
            + inputs
            + " inputs; at most "
            + most
            + " are taken in one request. Send several requests.",
        null);
  }

  /** No input where at least one is needed. */
  public static ApiException emptyInput(String field) {
    return new ApiException(
        400,
        EMPTY_INPUT,
        ErrorCategory.BAD_REQUEST,
        field,
        "The field '" + field + "' cannot be empty.",
        null);
  }

  /**
   * A model that does something else than the route needs.
   *
   * @param does what the model does, and which route asks for that
   */
  public static ApiException wrongKind(String model, String does) {
    return new ApiException(
        400,
        WRONG_KIND,
        ErrorCategory.BAD_REQUEST,
        "model",
        "The model '" + model + "' cannot answer this route: it " + does + ".",
        null);
  }

  public int status() {
    return status;
  }

  public String code() {
    return code;
  }
}
