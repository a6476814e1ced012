package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/** Token counts of one request; {@code cachedTokens} of the prompt came from the prefix cache. */
public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
  void write(JsonGenerator out) throws IOException {
    out.writeStartObject();
    out.writeNumberField("prompt_tokens", promptTokens);
    out.writeNumberField("completion_tokens", completionTokens);
    out.writeNumberField("total_tokens", promptTokens + completionTokens);
    out.writeObjectFieldStart("prompt_tokens_details");
    out.writeNumberField("cached_tokens", cachedTokens);
    out.writeEndObject();
    out.writeEndObject();
  }
}
