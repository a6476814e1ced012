package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.model.EncoderTask;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.Json;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** {@code POST /embed}, as text-embeddings-inference has it. */
public final class TeiEmbed {
  private TeiEmbed() {}

  /**
   * What a body asks for.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST, naming the field
   */
  public static EncoderPlan plan(ObjectNode body, ServedEncoders models) {
    return plan(new FieldReader(body, EncoderFields.EMBED, ""), models);
  }

  static EncoderPlan plan(FieldReader fields, ServedEncoders models) {
    ServedEncoder model = models.find(fields.text("model"), EncoderTask.EMBEDDING);
    InputFields reader = new InputFields(fields);
    int kept = reader.dimensions(model.description().outputSize()).orElse(Integer.MAX_VALUE);
    UnaryOperator<float[]> cut = row -> Vectors.first(row, Math.min(kept, row.length));
    UnaryOperator<float[]> vectors =
        fields.flag("normalize", true) ? row -> Vectors.normalised(cut.apply(row)) : cut;
    InputFields.Inputs<EncoderText> inputs =
        reader.textsOrIds(
            "inputs", models.settings().teiBatch(), model.loaded().tokenizer().vocabularySize());
    return new EncoderPlan(
        model,
        "inputs",
        inputs.items(),
        inputs.single(),
        Optional.ofNullable(fields.text("prompt_name")),
        reader.truncation(models.settings().autoTruncate()),
        0,
        ErrorShape.TEI,
        result -> render(result, vectors));
  }

  private static byte[] render(EncodingResult result, UnaryOperator<float[]> vectors) {
    return Json.write(
        out -> {
          out.writeStartArray();
          for (float[] row : result.rows()) {
            Vectors.write(out, vectors.apply(row));
          }
          out.writeEndArray();
        });
  }
}
