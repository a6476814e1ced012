package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.embed.Truncation;
import dev.quern.engine.model.EncoderTask;
import dev.quern.engine.model.VectorSimilarity;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** {@code POST /similarity}, as text-embeddings-inference has it: cosines. */
public final class TeiSimilarity {
  private TeiSimilarity() {}

  /**
   * What a body asks for.
   *
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public static EncoderPlan plan(ObjectNode body, ServedEncoders models) {
    return plan(new FieldReader(body, EncoderFields.SIMILARITY, ""), models);
  }

  static EncoderPlan plan(FieldReader fields, ServedEncoders models) {
    ServedEncoder model = models.find(fields.text("model"), EncoderTask.EMBEDDING);
    FieldReader inputs = fields.object("inputs");
    if (inputs == null) {
      throw fields.wrongType("inputs", "an object");
    }
    FieldReader parameters = fields.object("parameters");
    boolean autoTruncate = models.settings().autoTruncate();
    Truncation truncation =
        parameters != null
            ? new InputFields(parameters).truncation(autoTruncate)
            : new InputFields(fields).kept(OptionalInt.empty(), autoTruncate);
    return new EncoderPlan(
        model,
        "inputs.sentences",
        texts(inputs, models.settings().teiBatch()),
        false,
        parameters == null ? Optional.empty() : Optional.ofNullable(parameters.text("prompt_name")),
        truncation,
        0,
        ErrorShape.TEI,
        TeiSimilarity::render);
  }

  /** The source, then what it is compared to: TEI counts it too. */
  private static List<EncoderText> texts(FieldReader inputs, int most) {
    String source = inputs.requiredText("source_sentence");
    if (source.isEmpty()) {
      throw ApiException.emptyInput(inputs.pathOf("source_sentence"));
    }
    InputFields.Inputs<EncoderText> sentences =
        new InputFields(inputs).texts("sentences", Integer.MAX_VALUE);
    if (sentences.single()) {
      throw inputs.wrongType("sentences", "an array of strings");
    }
    int size = sentences.items().size() + 1;
    if (size > most) {
      throw ApiException.tooManyInputs(inputs.pathOf("sentences"), size, most);
    }
    List<EncoderText> texts = new ArrayList<>(size);
    texts.add(new EncoderText.Text(source));
    texts.addAll(sentences.items());
    return texts;
  }

  private static byte[] render(EncodingResult result) {
    return Json.write(
        out -> {
          out.writeStartArray();
          for (int i = 1; i < result.rows().length; i++) {
            out.writeNumber(VectorSimilarity.COSINE.of(result.rows()[0], result.rows()[i]));
          }
          out.writeEndArray();
        });
  }
}
