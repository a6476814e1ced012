package dev.quern.supplier.http.openai;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.OptionalInt;

/**
 * An error as HTTP has it: the one place where a category becomes a status.
 *
 * @param retryAfterSeconds for what may work later
 */
public record ErrorAnswer(int status, OptionalInt retryAfterSeconds, byte[] body) {
  private static final int RETRY_BUSY_SECONDS = 1;
  private static final int RETRY_UNAVAILABLE_SECONDS = 5;

  /** The answer to {@code error}, as OpenAI writes it. */
  public static ErrorAnswer of(QuernException error) {
    return of(error, ErrorShape.OPENAI);
  }

  /** The answer to {@code error}. */
  public static ErrorAnswer of(QuernException error, ErrorShape shape) {
    int plain = error instanceof ApiException api ? api.status() : status(error.category());
    int status = shape == ErrorShape.TEI ? TeiErrors.status(error, plain) : plain;
    OptionalInt retry =
        switch (status) {
          case 429 -> OptionalInt.of(RETRY_BUSY_SECONDS);
          case 503 -> OptionalInt.of(RETRY_UNAVAILABLE_SECONDS);
          default -> OptionalInt.empty();
        };
    byte[] body = shape == ErrorShape.TEI ? TeiErrors.body(error, status) : body(error, status);
    return new ErrorAnswer(status, retry, body);
  }

  static int status(ErrorCategory category) {
    return switch (category) {
      case BAD_REQUEST -> 400;
      case NOT_FOUND -> 404;
      case OVERLOADED -> 429;
      case OUT_OF_MEMORY, UNAVAILABLE -> 503;
      case INTERNAL -> 500;
    };
  }

  private static byte[] body(QuernException error, int status) {
    String message = message(error);
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeObjectFieldStart("error");
          out.writeStringField("message", message);
          out.writeStringField("type", type(status));
          out.writeStringField("param", error.field());
          out.writeStringField("code", code(error));
          out.writeEndObject();
          out.writeEndObject();
        });
  }

  /** What went wrong inside is for the log; a client can do nothing with it. */
  static String message(QuernException error) {
    return error.category() == ErrorCategory.INTERNAL
        ? "Internal error; the server's log has it."
        : error.message();
  }

  private static String type(int status) {
    if (status == 401) {
      return "authentication_error";
    }
    if (status == 429) {
      return "overloaded_error";
    }
    return status >= 500 ? "server_error" : "invalid_request_error";
  }

  private static String code(QuernException error) {
    if (error instanceof ApiException api) {
      return api.code();
    }
    return switch (error.category()) {
      case BAD_REQUEST -> "invalid_value";
      case NOT_FOUND -> "model".equals(error.field()) ? "model_not_found" : "not_found";
      case OVERLOADED -> "overloaded";
      case OUT_OF_MEMORY -> "out_of_memory";
      case UNAVAILABLE -> "unavailable";
      case INTERNAL -> "internal_error";
    };
  }
}
