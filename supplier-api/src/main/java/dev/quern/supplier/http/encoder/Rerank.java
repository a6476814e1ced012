package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.embed.Truncation;
import dev.quern.engine.model.EncoderTask;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.Json;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * {@code POST /v1/rerank}: Cohere's form, which Jina and vLLM share, and TEI's, which names the
 * documents {@code texts}.
 */
public final class Rerank {
  private Rerank() {}

  /** Whether a body is in TEI's form. */
  public static boolean isTei(ObjectNode body) {
    return body.hasNonNull("texts");
  }

  /**
   * What a body asks for.
   *
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public static EncoderPlan plan(ObjectNode body, ServedEncoders models) {
    return plan(new FieldReader(body, EncoderFields.RERANK, ""), isTei(body), models);
  }

  static EncoderPlan plan(FieldReader fields, boolean tei, ServedEncoders models) {
    ServedEncoder model =
        models.find(fields.text("model"), EncoderTask.RERANKING, EncoderTask.EMBEDDING);
    InputFields reader = new InputFields(fields);
    String field = tei ? "texts" : "documents";
    int most = tei ? models.settings().teiBatch() : models.settings().cohereBatch();
    List<String> documents = documents(fields, reader, field, most);
    Options options = Options.read(fields, tei, documents.size());
    String query = fields.requiredText("query");
    if (query.isEmpty()) {
      throw ApiException.emptyInput("query");
    }
    Relevance relevance =
        new Relevance(model.description(), List.of(query), documents, options.useActivation());
    return new EncoderPlan(
        model,
        field,
        relevance.texts(),
        false,
        Optional.empty(),
        truncation(fields, reader, models.settings().autoTruncate()),
        fields.smallInteger("priority").orElse(0),
        tei ? ErrorShape.TEI : ErrorShape.OPENAI,
        result ->
            tei
                ? renderTei(relevance, options, result)
                : renderCohere(relevance, options, result, model.name()));
  }

  /** What the answer is to hold. */
  private record Options(int topN, boolean texts, boolean useActivation) {
    static Options read(FieldReader fields, boolean tei, int documents) {
      int topN = fields.smallInteger("top_n").orElse(documents);
      boolean returnDocuments = fields.flag("return_documents", false);
      boolean returnText = fields.flag("return_text", false);
      boolean useActivation = fields.flag("use_activation", true);
      boolean rawScores = fields.flag("raw_scores", false);
      return new Options(
          Math.min(topN, documents),
          tei ? returnText : returnDocuments,
          tei ? !rawScores : useActivation);
    }
  }

  private static List<String> documents(
      FieldReader fields, InputFields reader, String field, int most) {
    JsonNode texts = fields.any("texts");
    JsonNode documents = fields.any("documents");
    if (texts != null && documents != null) {
      throw QuernException.badRequest(
          "texts", "Give either 'documents' (Cohere's form) or 'texts' (TEI's), not both.");
    }
    JsonNode value = texts == null ? documents : texts;
    if (value == null) {
      throw QuernException.badRequest("documents", "The field 'documents' is required.");
    }
    return reader
        .array(
            value,
            field,
            most,
            (item, name) -> {
              boolean object = texts == null && item instanceof ObjectNode;
              return reader.string(
                  object ? item.path("text") : item, object ? name + ".text" : name);
            })
        .items();
  }

  private static Truncation truncation(FieldReader fields, InputFields reader, boolean byDefault) {
    OptionalInt vllm = fields.smallInteger("truncate_prompt_tokens");
    OptionalInt cohere = fields.smallInteger("max_tokens_per_doc");
    Truncation tei = reader.truncation(byDefault);
    OptionalInt tokens = vllm.isPresent() ? vllm : cohere;
    return tokens.isPresent() ? reader.kept(tokens, byDefault) : tei;
  }

  /** Indexes of documents, the best first; equals in their own order. */
  private static int[] order(float[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparing((Integer i) -> scores[i]).reversed())
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static byte[] renderCohere(
      Relevance relevance, Options options, EncodingResult result, String model) {
    float[] scores = relevance.scores(result);
    int[] order = order(scores);
    return Json.write(
        out -> {
          out.writeStartObject();
          out.writeStringField("id", "rerank-" + UUID.randomUUID().toString().replace("-", ""));
          out.writeStringField("model", model);
          out.writeArrayFieldStart("results");
          for (int rank = 0; rank < options.topN(); rank++) {
            int index = order[rank];
            out.writeStartObject();
            out.writeNumberField("index", index);
            out.writeNumberField("relevance_score", scores[index]);
            if (options.texts()) {
              out.writeObjectFieldStart("document");
              out.writeStringField("text", relevance.seconds().get(index));
              out.writeEndObject();
            }
            out.writeEndObject();
          }
          out.writeEndArray();
          Answers.writeUsage(out, result);
          out.writeEndObject();
        });
  }

  private static byte[] renderTei(Relevance relevance, Options options, EncodingResult result) {
    float[] scores = relevance.scores(result);
    int[] order = order(scores);
    return Json.write(
        out -> {
          out.writeStartArray();
          for (int rank = 0; rank < options.topN(); rank++) {
            int index = order[rank];
            out.writeStartObject();
            out.writeNumberField("index", index);
            if (options.texts()) {
              out.writeStringField("text", relevance.seconds().get(index));
            }
            out.writeNumberField("score", scores[index]);
            out.writeEndObject();
          }
          out.writeEndArray();
        });
  }
}
