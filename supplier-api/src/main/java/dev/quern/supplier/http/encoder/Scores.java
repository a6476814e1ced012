package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.model.EncoderTask;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.Json;
import java.util.List;
import java.util.Optional;

/** {@code POST /v1/score}, as vLLM has it. */
public final class Scores {
  private Scores() {}

  /**
   * What a body asks for.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST, naming the field
   */
  public static EncoderPlan plan(ObjectNode body, ServedEncoders models) {
    return plan(new FieldReader(body, EncoderFields.SCORE, ""), models);
  }

  static EncoderPlan plan(FieldReader fields, ServedEncoders models) {
    ServedEncoder model =
        models.find(fields.text("model"), EncoderTask.RERANKING, EncoderTask.EMBEDDING);
    InputFields reader = new InputFields(fields);
    int most = models.settings().openAiBatch();
    List<String> firsts = reader.strings("text_1", most).items();
    List<String> seconds = reader.strings("text_2", most).items();
    if (firsts.size() != 1 && firsts.size() != seconds.size()) {
      throw fields.wrongType(
          "text_2", "as many texts as text_1 (" + firsts.size() + "), or text_1 one text");
    }
    Relevance relevance =
        new Relevance(model.description(), firsts, seconds, fields.flag("use_activation", true));
    return new EncoderPlan(
        model,
        "text_2",
        relevance.texts(),
        seconds.size() == 1,
        Optional.empty(),
        reader.tokensKept(models.settings().autoTruncate()),
        fields.smallInteger("priority").orElse(0),
        ErrorShape.OPENAI,
        result -> render(relevance, result, model.name()));
  }

  private static byte[] render(Relevance relevance, EncodingResult result, String model) {
    float[] scores = relevance.scores(result);
    return Json.write(
        out -> {
          out.writeStartObject();
          Answers.writeListHead(out, "score-", model);
          out.writeArrayFieldStart("data");
          for (int i = 0; i < scores.length; i++) {
            out.writeStartObject();
            out.writeNumberField("index", i);
            out.writeStringField("object", "score");
            out.writeNumberField("score", scores[i]);
            out.writeEndObject();
          }
          out.writeEndArray();
          Answers.writeUsage(out, result);
          out.writeEndObject();
        });
  }
}
