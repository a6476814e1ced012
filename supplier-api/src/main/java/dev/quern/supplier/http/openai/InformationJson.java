package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The small answers: models, versions, tokens. */
public final class InformationJson {
  /**
   * A model as {@code /models} lists it.
   *
   * @param created Unix time
   * @param maxModelLength tokens of prompt and output, as vLLM tells it
   * @param checkpointDigest of the manifest of the checkpoint's files, once they are hashed
   */
  public record ModelCard(
      String id, long created, int maxModelLength, Optional<String> checkpointDigest) {
    void write(JsonGenerator out) throws IOException {
      out.writeStartObject();
      out.writeStringField("id", id);
      out.writeStringField("object", "model");
      out.writeNumberField("created", created);
      out.writeStringField("owned_by", "quern");
      out.writeNumberField("max_model_len", maxModelLength);
      if (checkpointDigest.isPresent()) {
        out.writeStringField("checkpoint_digest", checkpointDigest.get());
      }
      out.writeEndObject();
    }
  }

  private InformationJson() {}

  public static byte[] models(List<ModelCard> cards) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("object", "list");
          out.writeArrayFieldStart("data");
          for (ModelCard card : cards) {
            card.write(out);
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  public static byte[] model(ModelCard card) {
    return Json.write(card::write);
  }

  public static byte[] version(String version) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("version", version);
          out.writeEndObject();
        });
  }

  public static byte[] root(String version) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("name", "quern");
          out.writeStringField("version", version);
          out.writeStringField("documentation", "/openapi.json");
          out.writeEndObject();
        });
  }

  /** The answer of {@code /health}. */
  public static byte[] health(String status) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("status", status);
          out.writeEndObject();
        });
  }

  /** The answer of {@code /tokenize}, as vLLM has it. */
  public static byte[] tokens(int[] ids, Optional<List<String>> spellings, int maxModelLength) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeNumberField("count", ids.length);
          out.writeNumberField("max_model_len", maxModelLength);
          out.writeArrayFieldStart("tokens");
          for (int id : ids) {
            out.writeNumber(id);
          }
          out.writeEndArray();
          if (spellings.isPresent()) {
            out.writeArrayFieldStart("token_strs");
            for (String spelling : spellings.get()) {
              out.writeString(spelling);
            }
            out.writeEndArray();
          }
          out.writeEndObject();
        });
  }

  /** The answer of {@code /detokenize}, as vLLM has it. */
  public static byte[] text(String text) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("prompt", text);
          out.writeEndObject();
        });
  }
}
