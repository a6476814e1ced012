package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/** What every answer and chunk of a request begins with. */
public record AnswerHead(String id, long created, String model, String fingerprint) {
  void write(JsonGenerator out, String object) throws IOException {
    out.writeStringField("id", id);
    out.writeStringField("object", object);
    out.writeNumberField("created", created);
    out.writeStringField("model", model);
    out.writeStringField("system_fingerprint", fingerprint);
  }
}
