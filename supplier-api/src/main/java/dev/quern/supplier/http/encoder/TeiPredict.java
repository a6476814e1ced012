package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.model.EncoderTask;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.Json;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** {@code POST /predict}, as text-embeddings-inference has it. */
public final class TeiPredict {
  private static final String EXPECTED =
      "a string, a pair [string, string], or an array of [string] and [string, string]";

  private TeiPredict() {}

  /**
   * What a body asks for.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST, naming the field
   */
  public static EncoderPlan plan(ObjectNode body, ServedEncoders models) {
    return plan(new FieldReader(body, EncoderFields.PREDICT, ""), models);
  }

  static EncoderPlan plan(FieldReader fields, ServedEncoders models) {
    ServedEncoder model =
        models.find(fields.text("model"), EncoderTask.CLASSIFICATION, EncoderTask.RERANKING);
    InputFields reader = new InputFields(fields);
    boolean rawScores = fields.flag("raw_scores", false);
    InputFields.Inputs<EncoderText> inputs = inputs(fields, reader, models.settings().teiBatch());
    return new EncoderPlan(
        model,
        "inputs",
        inputs.items(),
        inputs.single(),
        Optional.empty(),
        reader.truncation(models.settings().autoTruncate()),
        0,
        ErrorShape.TEI,
        result -> render(model.description(), result, rawScores, inputs.single()));
  }

  /** An array of strings is one input: a text, or a pair. */
  private static InputFields.Inputs<EncoderText> inputs(
      FieldReader fields, InputFields reader, int most) {
    JsonNode value = fields.any("inputs");
    if (value == null) {
      throw fields.wrongType("inputs", EXPECTED);
    }
    if (value.isArray() && value.path(0).isArray()) {
      return reader.array(
          value,
          "inputs",
          most,
          (item, name) -> {
            if (!item.isArray()) {
              throw fields.wrongType(name, "an array of one or two strings, as the first is");
            }
            return sequence(item, name, fields);
          });
    }
    return new InputFields.Inputs<>(List.of(sequence(value, "inputs", fields)), true);
  }

  private static EncoderText sequence(JsonNode value, String name, FieldReader fields) {
    if (value.isTextual() && !value.textValue().isEmpty()) {
      return new EncoderText.Text(value.textValue());
    }
    if (value.isTextual() || (value.isArray() && value.isEmpty())) {
      throw ApiException.emptyInput(fields.pathOf(name));
    }
    if (!value.isArray()
        || value.size() > 2
        || !value.path(0).isTextual()
        || !value.path(value.size() - 1).isTextual()) {
      throw fields.wrongType(name, EXPECTED);
    }
    String first = value.path(0).textValue();
    if (value.size() == 1) {
      return sequence(value.path(0), name, fields);
    }
    String second = value.path(1).textValue();
    if (first.isEmpty() && second.isEmpty()) {
      throw ApiException.emptyInput(fields.pathOf(name));
    }
    return new EncoderText.Pair(first, second);
  }

  private static byte[] render(
      EncoderDescription model, EncodingResult result, boolean rawScores, boolean single) {
    return Json.write(
        out -> {
          if (!single) {
            out.writeStartArray();
          }
          for (float[] row : result.rows()) {
            write(out, model.labels(), rawScores ? row : model.activation().apply(row));
          }
          if (!single) {
            out.writeEndArray();
          }
        });
  }

  /** Each label with its score, the largest first. */
  private static void write(JsonGenerator out, List<String> labels, float[] scores)
      throws IOException {
    List<Integer> order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparing((Integer i) -> scores[i]).reversed())
            .toList();
    out.writeStartArray();
    for (int i : order) {
      out.writeStartObject();
      out.writeNumberField("score", scores[i]);
      out.writeStringField("label", labels.get(i));
      out.writeEndObject();
    }
    out.writeEndArray();
  }
}
