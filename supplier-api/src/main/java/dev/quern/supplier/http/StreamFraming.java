package dev.quern.supplier.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/** How the chunks of a stream are told apart. */
enum StreamFraming {
  /** Server-sent events, ended by {@code [DONE]}, as OpenAI has it. */
  EVENTS("text/event-stream; charset=utf-8", "data: ", "\n\n", "data: [DONE]\n\n"),

  /** A JSON object a line. */
  LINES("application/x-ndjson", "", "\n", "");

  private final String contentType;
  private final String before;
  private final String after;
  private final String end;

  StreamFraming(String contentType, String before, String after, String end) {
    this.contentType = contentType;
    this.before = before;
    this.after = after;
    this.end = end;
  }

  /** Lines for who asks for them by an {@code Accept} header, else events. */
  static StreamFraming accepted(@Nullable String accept) {
    return accept != null && accept.contains(LINES.contentType) ? LINES : EVENTS;
  }

  /** Makes a stream of a response, unless its head has left. */
  void prepare(HttpServerResponse response) {
    if (response.headWritten()) {
      return;
    }
    response
        .setChunked(true)
        .putHeader("Content-Type", contentType)
        .putHeader("Cache-Control", "no-cache")
        // Proxies that buffer would hold back the tokens.
        .putHeader("X-Accel-Buffering", "no");
  }

  void append(Buffer out, byte[] chunk) {
    out.appendString(before).appendBytes(chunk).appendString(after);
  }

  void appendEnd(Buffer out) {
    out.appendString(end);
  }
}
