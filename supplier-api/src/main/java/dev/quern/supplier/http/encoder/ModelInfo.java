package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.quern.engine.embed.EncoderSettings;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.tensor.DType;
import dev.quern.supplier.http.openai.Json;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** {@code GET /info}, as text-embeddings-inference has it. */
public final class ModelInfo {
  private ModelInfo() {}

  /**
   * What a model is, and its limits.
   *
   * @param name under which it is served; its own stays hidden behind an alias
   */
  public static byte[] render(
      LoadedModel model, String name, EncoderRouteSettings settings, String version) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("model_id", name);
          out.writeNullField("model_sha");
          if (model instanceof LoadedEncoder encoder) {
            writeEncoder(out, encoder, name, settings);
          } else {
            out.writeStringField("served_model_name", name);
            out.writeObjectFieldStart("model_type");
            out.writeObjectFieldStart("generator");
            out.writeEndObject();
            out.writeEndObject();
            out.writeNumberField("max_input_length", model.maxTokens());
          }
          out.writeStringField("version", version);
          out.writeEndObject();
        });
  }

  private static void writeEncoder(
      JsonGenerator out, LoadedEncoder model, String name, EncoderRouteSettings routes)
      throws IOException {
    EncoderSettings settings = model.engine().settings();
    out.writeStringField("model_dtype", dtype(model.engine().facts().dtype()));
    out.writeStringField("served_model_name", name);
    out.writeObjectFieldStart("model_type");
    writeType(out, model.description());
    out.writeEndObject();
    out.writeNumberField("max_concurrent_requests", settings.maxWaiting());
    out.writeNumberField("max_input_length", model.maxTokens());
    out.writeNumberField("max_batch_tokens", settings.maxBatchTokens());
    out.writeNullField("max_batch_requests");
    out.writeNumberField("max_client_batch_size", routes.teiBatch());
    out.writeBooleanField("auto_truncate", routes.autoTruncate());
    out.writeNumberField("tokenization_workers", settings.tokenizerThreads());
  }

  private static void writeType(JsonGenerator out, EncoderDescription model) throws IOException {
    switch (model.task()) {
      case EMBEDDING -> {
        out.writeObjectFieldStart("embedding");
        out.writeStringField(
            "pooling",
            String.join(
                "+",
                model.pooling().stream().map(p -> p.name().toLowerCase(Locale.ROOT)).toList()));
      }
      case CLASSIFICATION -> {
        out.writeObjectFieldStart("classifier");
        writeLabels(out, model.labels());
      }
      case RERANKING -> {
        out.writeObjectFieldStart("reranker");
        writeLabels(out, model.labels());
      }
    }
    out.writeEndObject();
  }

  private static void writeLabels(JsonGenerator out, List<String> labels) throws IOException {
    out.writeObjectFieldStart("id2label");
    for (int i = 0; i < labels.size(); i++) {
      out.writeStringField(Integer.toString(i), labels.get(i));
    }
    out.writeEndObject();
    out.writeObjectFieldStart("label2id");
    for (int i = 0; i < labels.size(); i++) {
      out.writeNumberField(labels.get(i), i);
    }
    out.writeEndObject();
  }

  private static String dtype(DType dtype) {
    return switch (dtype) {
      case F32 -> "float32";
      case BF16 -> "bfloat16";
      case F16 -> "float16";
      default -> dtype.name().toLowerCase(Locale.ROOT);
    };
  }
}
