package dev.quern.supplier.http.openai;

import dev.quern.store.QuernException;

/** Errors as text-embeddings-inference answers them. */
final class TeiErrors {
  private static final int UNPROCESSABLE = 422;
  private static final int FAILED_DEPENDENCY = 424;

  private TeiErrors() {}

  /**
   * The status: 422 for what cannot work, 400 only for what is empty, 424 for a model of another
   * kind.
   *
   * @param plain the status that OpenAI's clients would see
   */
  static int status(QuernException error, int plain) {
    if (plain != 400) {
      return plain;
    }
    return switch (code(error)) {
      case ApiException.EMPTY_INPUT -> 400;
      case ApiException.WRONG_KIND -> FAILED_DEPENDENCY;
      default -> UNPROCESSABLE;
    };
  }

  static byte[] body(QuernException error, int status) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("error", ErrorAnswer.message(error));
          out.writeStringField("error_type", type(status));
          out.writeEndObject();
        });
  }

  private static String type(int status) {
    return switch (status) {
      case 400 -> "Empty";
      case FAILED_DEPENDENCY, 500 -> "Backend";
      case 429 -> "Overloaded";
      case 503 -> "Unhealthy";
      default -> "Validation";
    };
  }

  private static String code(QuernException error) {
    return error instanceof ApiException api ? api.code() : "";
  }
}
