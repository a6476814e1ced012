package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.quern.engine.embed.EncodingResult;
import java.io.IOException;
import java.time.Instant;
import java.util.UUID;

/** What answers in OpenAI's manner have in common. */
final class Answers {
  private Answers() {}

  static void writeUsage(JsonGenerator out, EncodingResult result) throws IOException {
    out.writeObjectFieldStart("usage");
    out.writeNumberField("prompt_tokens", result.totalTokens());
    out.writeNumberField("total_tokens", result.totalTokens());
    out.writeEndObject();
  }

  /** Id, object, time and model, as vLLM begins its lists. */
  static void writeListHead(JsonGenerator out, String idPrefix, String model) throws IOException {
    out.writeStringField("id", idPrefix + UUID.randomUUID().toString().replace("-", ""));
    out.writeStringField("object", "list");
    out.writeNumberField("created", Instant.now().getEpochSecond());
    out.writeStringField("model", model);
  }
}
