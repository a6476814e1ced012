package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.model.EncoderTask;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.Json;
import java.util.Optional;

/** {@code POST /v1/classify}, as vLLM has it. */
public final class Classes {
  private Classes() {}

  /**
   * What a body asks for.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST, naming the field
   */
  public static EncoderPlan plan(ObjectNode body, ServedEncoders models) {
    return plan(new FieldReader(body, EncoderFields.CLASSIFY, ""), models);
  }

  static EncoderPlan plan(FieldReader fields, ServedEncoders models) {
    ServedEncoder model = models.find(fields.text("model"), EncoderTask.CLASSIFICATION);
    InputFields reader = new InputFields(fields);
    InputFields.Inputs<EncoderText> inputs = reader.texts("input", models.settings().openAiBatch());
    boolean useActivation = fields.flag("use_activation", true);
    return new EncoderPlan(
        model,
        "input",
        inputs.items(),
        inputs.single(),
        Optional.empty(),
        reader.tokensKept(models.settings().autoTruncate()),
        fields.smallInteger("priority").orElse(0),
        ErrorShape.OPENAI,
        result -> render(model, useActivation, result));
  }

  private static byte[] render(ServedEncoder model, boolean useActivation, EncodingResult result) {
    EncoderDescription description = model.description();
    return Json.write(
        out -> {
          out.writeStartObject();
          Answers.writeListHead(out, "classify-", model.name());
          out.writeArrayFieldStart("data");
          for (int i = 0; i < result.rows().length; i++) {
            float[] row = result.rows()[i];
            out.writeStartObject();
            out.writeNumberField("index", i);
            out.writeStringField("label", description.labels().get(largest(row)));
            out.writeFieldName("probs");
            Vectors.write(out, useActivation ? description.activation().apply(row) : row);
            out.writeNumberField("num_classes", row.length);
            out.writeEndObject();
          }
          out.writeEndArray();
          Answers.writeUsage(out, result);
          out.writeEndObject();
        });
  }

  private static int largest(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      best = row[i] > row[best] ? i : best;
    }
    return best;
  }
}
