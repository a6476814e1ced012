package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.model.EncoderTask;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.Json;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/** {@code POST /v1/embeddings}. */
public final class OpenAiEmbeddings {
  private OpenAiEmbeddings() {}

  /** How a vector is written. */
  private enum Format {
    FLOAT,
    BASE64
  }

  /**
   * What a body asks for.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST, naming the field
   */
  public static EncoderPlan plan(ObjectNode body, ServedEncoders models) {
    return plan(new FieldReader(body, EncoderFields.EMBEDDINGS, ""), models);
  }

  static EncoderPlan plan(FieldReader fields, ServedEncoders models) {
    ServedEncoder model = models.find(fields.text("model"), EncoderTask.EMBEDDING);
    InputFields reader = new InputFields(fields);
    Format format = format(fields);
    // Cut vectors have length one again; whole ones are as the checkpoint's layout has them.
    OptionalInt kept = reader.dimensions(model.description().outputSize());
    UnaryOperator<float[]> vectors =
        kept.isPresent()
            ? row -> Vectors.normalised(Vectors.first(row, kept.getAsInt()))
            : UnaryOperator.identity();
    InputFields.Inputs<EncoderText> inputs =
        reader.textsOrIds(
            "input", models.settings().openAiBatch(), model.loaded().tokenizer().vocabularySize());
    return new EncoderPlan(
        model,
        "input",
        inputs.items(),
        inputs.single(),
        Optional.ofNullable(fields.text("prompt_name")),
        reader.tokensKept(models.settings().autoTruncate()),
        fields.smallInteger("priority").orElse(0),
        ErrorShape.OPENAI,
        result -> render(result, model.name(), format, vectors));
  }

  private static Format format(FieldReader fields) {
    JsonNode format = fields.any("encoding_format");
    return switch (format == null ? "float" : format.asText()) {
      case "float" -> Format.FLOAT;
      case "base64" -> Format.BASE64;
      default -> throw fields.wrongType("encoding_format", "float or base64");
    };
  }

  private static byte[] render(
      EncodingResult result, String model, Format format, UnaryOperator<float[]> vectors) {
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("object", "list");
          out.writeArrayFieldStart("data");
          for (int i = 0; i < result.rows().length; i++) {
            float[] vector = vectors.apply(result.rows()[i]);
            out.writeStartObject();
            out.writeStringField("object", "embedding");
            out.writeNumberField("index", i);
            out.writeFieldName("embedding");
            if (format == Format.BASE64) {
              out.writeString(Vectors.base64(vector));
            } else {
              Vectors.write(out, vector);
            }
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeStringField("model", model);
          Answers.writeUsage(out, result);
          out.writeEndObject();
        });
  }
}
