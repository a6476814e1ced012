package dev.quern.supplier.http;

import static dev.quern.supplier.http.EncoderServer.CLASSES;
import static dev.quern.supplier.http.EncoderServer.EMBED;
import static dev.quern.supplier.http.EncoderServer.RERANK;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.model.ScoreActivation;
import dev.quern.engine.model.VectorSimilarity;
import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What encoders answer, by real models: against what the reference libraries computed. */
@Timeout(300)
class EncoderRoutesTest {
  private static final String EMBEDDINGS = "/v1/embeddings";
  private static final String TEXT = "A quern grinds grain.";
  private static final String LONG = "word ".repeat(200);

  private static EncoderServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    server =
        EncoderServer.start(cache, EncoderRouteSettings.defaults(), "demo", EMBED, RERANK, CLASSES);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void embeddingsAreTheReferencesInOpenAisShape() {
    JsonNode golden = EncoderServer.golden(EMBED);
    StringBuilder inputs = new StringBuilder();
    int tokens = 0;
    int texts = 0;
    for (JsonNode input : golden.path("inputs")) {
      // As token ids too: among the texts one is empty, which OpenAI's route refuses.
      inputs.append(texts++ == 0 ? "" : ",").append(input.path("ids"));
      tokens += input.path("ids").size();
    }
    JsonNode answer = server.ok(EMBEDDINGS, "{\"model\":\"bert-mean\",\"input\":[" + inputs + "]}");
    assertEquals("list", answer.path("object").asText());
    assertEquals(EMBED, answer.path("model").asText());
    assertEquals(tokens, answer.at("/usage/prompt_tokens").asInt());
    assertEquals(tokens, answer.at("/usage/total_tokens").asInt());
    assertEquals(texts, answer.path("data").size());
    for (int i = 0; i < texts; i++) {
      JsonNode item = answer.path("data").get(i);
      assertEquals("embedding", item.path("object").asText());
      assertEquals(i, item.path("index").asInt());
      assertClose(golden.path("outputs").get(i), floats(item.path("embedding")));
    }
    JsonNode one = server.ok(EMBEDDINGS, body("\"input\":\"" + TEXT + "\""));
    assertClose(golden.at("/outputs/0"), floats(one.at("/data/0/embedding")));
    JsonNode ids = server.ok(EMBEDDINGS, body("\"input\":" + golden.at("/inputs/0/ids")));
    assertClose(golden.at("/outputs/0"), floats(ids.at("/data/0/embedding")));
    JsonNode unnamed = server.ok("/embeddings", "{\"input\":[\"" + TEXT + "\"]}");
    assertEquals(EMBED, unnamed.path("model").asText());
  }

  @Test
  void base64IsLittleEndianFp32() {
    JsonNode plain = server.ok(EMBEDDINGS, body("\"input\":\"" + TEXT + "\""));
    JsonNode coded =
        server.ok(EMBEDDINGS, body("\"input\":\"" + TEXT + "\",\"encoding_format\":\"base64\""));
    ByteBuffer bytes =
        ByteBuffer.wrap(Base64.getDecoder().decode(coded.at("/data/0/embedding").asText()))
            .order(ByteOrder.LITTLE_ENDIAN);
    float[] vector = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(vector);
    assertArrayEquals(floats(plain.at("/data/0/embedding")), vector, 1e-6f);
  }

  @Test
  void dimensionsCutAndNormalise() {
    float[] whole =
        floats(server.ok(EMBEDDINGS, body("\"input\":\"" + TEXT + "\"")).at("/data/0/embedding"));
    float[] cut =
        floats(
            server
                .ok(EMBEDDINGS, body("\"input\":\"" + TEXT + "\",\"dimensions\":8"))
                .at("/data/0/embedding"));
    assertEquals(8, cut.length);
    double length = 0;
    for (int i = 0; i < 8; i++) {
      length += (double) whole[i] * whole[i];
    }
    for (int i = 0; i < 8; i++) {
      assertEquals(whole[i] / Math.sqrt(length), cut[i], 1e-5);
    }
    JsonNode error =
        server.refused(400, EMBEDDINGS, body("\"input\":\"" + TEXT + "\",\"dimensions\":33"));
    assertEquals("dimensions", error.path("param").asText());
    assertTrue(error.path("message").asText().contains("32"));
    float[] tei =
        floats(server.ok("/embed", "{\"inputs\":\"" + TEXT + "\",\"dimensions\":8}").get(0));
    assertArrayEquals(cut, tei, 1e-5f);
    float[] raw =
        floats(
            server
                .ok("/embed", "{\"inputs\":\"" + TEXT + "\",\"dimensions\":8,\"normalize\":false}")
                .get(0));
    assertArrayEquals(java.util.Arrays.copyOf(whole, 8), raw, 1e-5f);
  }

  @Test
  void whatOpenAiRefusesIsRefusedByName() {
    assertEquals("input", param(400, "\"input\":\"\""));
    assertEquals("input", param(400, "\"input\":[]"));
    assertEquals("input[1]", param(400, "\"input\":[\"a\",\"\"]"));
    assertEquals("input[0]", param(400, "\"input\":[[]]"));
    assertEquals("input", param(400, "\"input\":{}"));
    assertEquals("input", param(400, "\"input\":null"));
    assertEquals("input[0]", param(400, "\"input\":[{}]"));
    assertEquals("input[1]", param(400, "\"input\":[1,1.5]"));
    assertEquals("input[0]", param(400, "\"input\":[-1]"));
    assertEquals("input", param(400, "\"input\":[99999999]"));
    assertEquals("encoding_format", param(400, "\"input\":\"a\",\"encoding_format\":\"int8\""));
    assertEquals("dimensions", param(400, "\"input\":\"a\",\"dimensions\":0"));
    assertEquals("inputs", param(400, "\"inputs\":\"a\""));
    assertEquals("prompt_name", param(400, "\"input\":\"a\",\"prompt_name\":\"passage\""));
    String many = "\"a\",".repeat(2048) + "\"a\"";
    assertEquals("input", param(413, "\"input\":[" + many + "]"));
    JsonNode unknown = server.refused(404, EMBEDDINGS, "{\"model\":\"gpt\",\"input\":\"a\"}");
    assertEquals("model_not_found", unknown.path("code").asText());
  }

  @Test
  void whatIsTooLongIsRefusedWithTheNumbersOrCut() {
    JsonNode error = server.refused(400, EMBEDDINGS, body("\"input\":\"" + LONG + "\""));
    assertEquals("context_length_exceeded", error.path("code").asText());
    assertEquals("input", error.path("param").asText());
    assertTrue(error.path("message").asText().contains("at most 64 tokens"), error.toString());
    assertTrue(error.path("message").asText().matches(".*one input of \\d+\\. .*"));
    JsonNode cut =
        server.ok(EMBEDDINGS, body("\"input\":\"" + LONG + "\",\"truncate_prompt_tokens\":-1"));
    assertEquals(64, cut.at("/usage/prompt_tokens").asInt());
    JsonNode five =
        server.ok(EMBEDDINGS, body("\"input\":\"" + LONG + "\",\"truncate_prompt_tokens\":5"));
    assertEquals(5, five.at("/usage/prompt_tokens").asInt());

    String inputs = "\"inputs\":\"" + LONG + TEXT + "\"";
    JsonNode tei = server.refusedByTei(422, "Validation", "/embed", "{" + inputs + "}");
    assertTrue(tei.path("error").asText().contains("64 tokens"), tei.toString());
    float[] right = floats(server.ok("/embed", "{" + inputs + ",\"truncate\":true}").get(0));
    float[] left =
        floats(
            server
                .ok(
                    "/embed",
                    "{" + inputs + ",\"truncate\":true,\"truncation_direction\":\"Left\"}")
                .get(0));
    assertTrue(VectorSimilarity.COSINE.of(left, right) < 0.9999);
    server.refusedByTei(
        422, "Validation", "/embed", "{" + inputs + ",\"truncation_direction\":\"up\"}");
  }

  @Test
  void promptsComeBeforeTexts() {
    float[] prompted =
        floats(
            server.ok("/embed", "{\"inputs\":\"" + TEXT + "\",\"prompt_name\":\"query\"}").get(0));
    float[] written = floats(server.ok("/embed", "{\"inputs\":\"Query: " + TEXT + "\"}").get(0));
    assertArrayEquals(written, prompted, 1e-6f);
    JsonNode openAi =
        server.ok(EMBEDDINGS, body("\"input\":\"" + TEXT + "\",\"prompt_name\":\"query\""));
    assertArrayEquals(written, floats(openAi.at("/data/0/embedding")), 1e-6f);
    server.refusedByTei(
        422, "Validation", "/embed", "{\"inputs\":\"a\",\"prompt_name\":\"passage\"}");
  }

  @Test
  void teiEmbedsAndRefusesAsItDoes() {
    JsonNode golden = EncoderServer.golden(EMBED);
    assertClose(
        golden.at("/outputs/0"),
        floats(server.ok("/embed", "{\"inputs\":\"" + TEXT + "\"}").get(0)));
    JsonNode mixed =
        server.ok("/embed", "{\"inputs\":[\"" + TEXT + "\"," + golden.at("/inputs/2/ids") + "]}");
    assertEquals(2, mixed.size());
    assertClose(golden.at("/outputs/2"), floats(mixed.get(1)));
    server.refusedByTei(400, "Empty", "/embed", "{\"inputs\":[]}");
    server.refusedByTei(400, "Empty", "/embed", "{\"inputs\":\"\"}");
    server.refusedByTei(422, "Validation", "/embed", "{\"inputs\":7}");
    server.refusedByTei(422, "Validation", "/embed", "{\"inputs\":\"a\"");
    server.refusedByTei(422, "Validation", "/embed", "{}");
    String many = "\"a\",".repeat(32) + "\"a\"";
    JsonNode batch =
        server.refusedByTei(413, "Validation", "/embed", "{\"inputs\":[" + many + "]}");
    assertTrue(batch.path("error").asText().contains("33"), batch.toString());
    assertTrue(batch.path("error").asText().contains("32"), batch.toString());
  }

  @Test
  void similarityIsTheCosine() {
    float[] a = floats(server.ok("/embed", "{\"inputs\":\"flour\"}").get(0));
    float[] b = floats(server.ok("/embed", "{\"inputs\":\"the miller\"}").get(0));
    JsonNode scores =
        server.ok(
            "/similarity",
            "{\"inputs\":{\"source_sentence\":\"flour\",\"sentences\":[\"the"
                + " miller\",\"flour\"]}}");
    assertEquals(2, scores.size());
    assertEquals(VectorSimilarity.COSINE.of(a, b), scores.get(0).floatValue(), 1e-5);
    assertEquals(1, scores.get(1).floatValue(), 1e-5);
    server.ok(
        "/similarity",
        "{\"inputs\":{\"source_sentence\":\"flour\",\"sentences\":[\""
            + LONG
            + "\"]},\"parameters\":{\"truncate\":true,\"prompt_name\":\"query\"}}");
    server.refusedByTei(
        400,
        "Empty",
        "/similarity",
        "{\"inputs\":{\"source_sentence\":\"flour\",\"sentences\":[]}}");
    server.refusedByTei(422, "Validation", "/similarity", "{\"inputs\":{\"sentences\":[\"a\"]}}");
  }

  @Test
  void rerankOrdersDocumentsByTheCrossEncodersScores() {
    JsonNode golden = EncoderServer.golden(RERANK);
    String query = golden.at("/inputs/0/text").asText();
    StringBuilder documents = new StringBuilder();
    int count = 0;
    for (JsonNode input : golden.path("inputs")) {
      if (input.path("text").asText().equals(query)) {
        documents.append(count++ == 0 ? "" : ",").append(input.path("pair"));
      }
    }
    String fields = "\"query\":\"" + query + "\",\"documents\":[" + documents + "]";
    JsonNode answer =
        server.ok("/v1/rerank", "{" + fields + ",\"return_documents\":true,\"top_n\":2}");
    assertEquals(RERANK, answer.path("model").asText());
    assertTrue(answer.path("id").asText().startsWith("rerank-"));
    assertTrue(answer.at("/usage/total_tokens").asInt() > 0);
    assertEquals(2, answer.path("results").size());
    JsonNode all = server.ok("/rerank", "{" + fields + ",\"use_activation\":false}");
    assertEquals(count, all.path("results").size());
    double before = Double.POSITIVE_INFINITY;
    for (JsonNode result : all.path("results")) {
      int index = result.path("index").asInt();
      double score = result.path("relevance_score").doubleValue();
      assertTrue(score <= before, all.toString());
      before = score;
      assertEquals(golden.at("/outputs/" + index + "/0").doubleValue(), score, 1e-4);
      assertTrue(result.path("document").isMissingNode());
    }
    int best = answer.at("/results/0/index").asInt();
    assertEquals(all.at("/results/0/index").asInt(), best);
    assertEquals(
        golden.at("/inputs/" + best + "/pair").asText(),
        answer.at("/results/0/document/text").asText());
    double raw = all.at("/results/0/relevance_score").doubleValue();
    assertEquals(
        1 / (1 + Math.exp(-raw)), answer.at("/results/0/relevance_score").doubleValue(), 1e-5);
  }

  @Test
  void rerankTakesObjectsTeisFormAndEmbeddingModels() {
    JsonNode objects =
        server.ok(
            "/v1/rerank",
            "{\"model\":\"xlm-roberta-cross\",\"query\":\"stone\",\"documents\":[{\"text\":\"grain\"},\"the"
                + " upper stone\"],\"return_documents\":true}");
    assertEquals(2, objects.path("results").size());
    JsonNode tei =
        server.ok(
            "/rerank",
            "{\"query\":\"stone\",\"texts\":[\"grain\",\"the upper stone\"],\"return_text\":true}");
    assertTrue(tei.isArray());
    assertEquals(
        objects.at("/results/0/relevance_score").doubleValue(),
        tei.at("/0/score").doubleValue(),
        1e-5);
    assertEquals(objects.at("/results/0/document/text").asText(), tei.at("/0/text").asText());
    JsonNode embedded =
        server.ok(
            "/v1/rerank",
            "{\"model\":\"bert-mean\",\"query\":\"flour\",\"documents\":[\"the"
                + " miller\",\"flour\"]}");
    assertEquals(1, embedded.at("/results/0/index").asInt());
    assertEquals(1, embedded.at("/results/0/relevance_score").doubleValue(), 1e-5);

    assertEquals(
        "documents", server.refused(400, "/rerank", "{\"query\":\"a\"}").path("param").asText());
    assertEquals(
        "query",
        server
            .refused(400, "/rerank", "{\"query\":\"\",\"documents\":[\"a\"]}")
            .path("param")
            .asText());
    assertEquals(
        "documents[0].text",
        server
            .refused(400, "/rerank", "{\"query\":\"a\",\"documents\":[{\"title\":\"b\"}]}")
            .path("param")
            .asText());
    server.refused(400, "/rerank", "{\"query\":\"a\",\"documents\":[\"" + LONG + "\"]}");
    server.ok(
        "/rerank", "{\"query\":\"a\",\"documents\":[\"" + LONG + "\"],\"max_tokens_per_doc\":50}");
    server.refusedByTei(400, "Empty", "/rerank", "{\"query\":\"a\",\"texts\":[]}");
    String many = "\"a\",".repeat(32) + "\"a\"";
    server.refusedByTei(413, "Validation", "/rerank", "{\"query\":\"a\",\"texts\":[" + many + "]}");
  }

  @Test
  void scorePairsOneWithManyOrEachWithEach() {
    JsonNode golden = EncoderServer.golden(RERANK);
    String first = golden.at("/inputs/0/text").toString();
    JsonNode pair = golden.at("/inputs/0/pair");
    JsonNode one =
        server.ok(
            "/v1/score",
            "{\"model\":\"xlm-roberta-cross\",\"text_1\":"
                + first
                + ",\"text_2\":["
                + pair
                + ",\"grain\"],\"use_activation\":false}");
    assertEquals(2, one.path("data").size());
    assertEquals("score", one.at("/data/0/object").asText());
    assertEquals(
        golden.at("/outputs/0/0").doubleValue(), one.at("/data/0/score").doubleValue(), 1e-4);
    JsonNode each =
        server.ok(
            "/score",
            "{\"model\":\"bert-mean\",\"text_1\":[\"flour\",\"stone\"],\"text_2\":[\"flour\",\"stone\"]}");
    assertEquals(1, each.at("/data/1/score").doubleValue(), 1e-5);
    JsonNode error =
        server.refused(400, "/score", "{\"text_1\":[\"a\",\"b\"],\"text_2\":[\"a\",\"b\",\"c\"]}");
    assertEquals("text_2", error.path("param").asText());
  }

  @Test
  void classesAndPredictionsAreTheReferences() {
    JsonNode golden = EncoderServer.golden(CLASSES);
    float[] logits = floats(golden.at("/outputs/0"));
    float[] expected = ScoreActivation.SOFTMAX.apply(logits);
    JsonNode answer = server.ok("/v1/classify", "{\"input\":[\"" + TEXT + "\",\"stone\"]}");
    assertEquals(2, answer.path("data").size());
    assertEquals("water", answer.at("/data/0/label").asText());
    assertEquals(3, answer.at("/data/0/num_classes").asInt());
    assertArrayEquals(expected, floats(answer.at("/data/0/probs")), 1e-5f);

    JsonNode single = server.ok("/predict", "{\"inputs\":\"" + TEXT + "\"}");
    assertEquals(3, single.size());
    assertEquals("water", single.at("/0/label").asText());
    assertEquals(expected[2], single.at("/0/score").floatValue(), 1e-5);
    assertTrue(single.at("/0/score").doubleValue() >= single.at("/1/score").doubleValue());
    JsonNode raw = server.ok("/predict", "{\"inputs\":[\"" + TEXT + "\"],\"raw_scores\":true}");
    assertEquals(logits[2], raw.at("/0/score").floatValue(), 1e-4);
    JsonNode pair = server.ok("/predict", "{\"inputs\":[\"one\",\"two\"]}");
    assertEquals(3, pair.size());
    JsonNode batch = server.ok("/predict", "{\"inputs\":[[\"" + TEXT + "\"],[\"one\",\"two\"]]}");
    assertEquals(2, batch.size());
    assertEquals(single, batch.get(0));
    assertEquals(pair, batch.get(1));
    for (String bad :
        new String[] {"7", "[1]", "[\"a\",\"b\",\"c\"]", "[[\"a\"],\"b\"]", "[[7]]"}) {
      server.refusedByTei(422, "Validation", "/predict", "{\"inputs\":" + bad + "}");
    }
    server.refusedByTei(400, "Empty", "/predict", "{\"inputs\":[]}");
    server.refusedByTei(400, "Empty", "/predict", "{\"inputs\":[[\"\",\"\"]]}");
  }

  @Test
  void aModelOfAnotherKindSaysWhatItIs() {
    JsonNode chat =
        server.refused(
            400,
            "/v1/chat/completions",
            "{\"model\":\"bert-mean\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assertEquals("wrong_model_kind", chat.path("code").asText());
    assertEquals("model", chat.path("param").asText());
    assertTrue(chat.path("message").asText().contains("/v1/embeddings"), chat.toString());
    JsonNode completion =
        server.refused(400, "/v1/completions", "{\"model\":\"bert-classes\",\"prompt\":\"hi\"}");
    assertTrue(completion.path("message").asText().contains("/v1/classify"));
    JsonNode embeddings = server.refused(400, EMBEDDINGS, "{\"model\":\"demo\",\"input\":\"hi\"}");
    assertTrue(embeddings.path("message").asText().contains("/v1/chat/completions"));
    server.refused(400, EMBEDDINGS, "{\"model\":\"xlm-roberta-cross\",\"input\":\"hi\"}");
    server.refused(400, "/classify", "{\"model\":\"bert-mean\",\"input\":\"hi\"}");
    server.refused(400, "/rerank", "{\"model\":\"demo\",\"query\":\"a\",\"documents\":[\"b\"]}");
    server.refusedByTei(
        424, "Backend", "/embed", "{\"model\":\"xlm-roberta-cross\",\"inputs\":\"hi\"}");
    server.refusedByTei(424, "Backend", "/predict", "{\"model\":\"bert-mean\",\"inputs\":\"hi\"}");
  }

  @Test
  void encodersAreListedToldOfAndTokenised() {
    JsonNode card = TestServer.json(server.get("/v1/models/bert-mean").body());
    assertEquals(64, card.path("max_model_len").asInt());
    assertEquals(4, TestServer.json(server.get("/v1/models").body()).path("data").size());
    JsonNode info = TestServer.json(server.get("/info?model=bert-mean").body());
    assertEquals("mean", info.at("/model_type/embedding/pooling").asText());
    assertEquals(64, info.path("max_input_length").asInt());
    assertEquals(2048, info.path("max_batch_tokens").asInt());
    assertEquals(32, info.path("max_client_batch_size").asInt());
    assertEquals("float32", info.path("model_dtype").asText());
    JsonNode classes = TestServer.json(server.get("/info?model=bert-classes").body());
    assertEquals("stone", classes.at("/model_type/classifier/id2label/1").asText());
    assertEquals(1, classes.at("/model_type/classifier/label2id/stone").asInt());
    HttpResponse<String> several = server.get("/info");
    assertEquals(422, several.statusCode(), several.body());
    JsonNode golden = EncoderServer.golden(EMBED);
    JsonNode tokens =
        server.ok("/tokenize", "{\"model\":\"bert-mean\",\"prompt\":\"" + TEXT + "\"}");
    assertEquals(golden.at("/inputs/0/ids"), tokens.path("tokens"));
    server.refused(
        400,
        "/tokenize",
        "{\"model\":\"bert-mean\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
  }

  @Test
  void metricsHaveTeisNames() {
    server.ok(EMBEDDINGS, body("\"input\":[\"one\",\"two\"]"));
    server.refused(400, EMBEDDINGS, body("\"input\":\"\""));
    String text = server.get("/metrics").body();
    String model = "{model_name=\"bert-mean\",";
    for (String name :
        new String[] {
          "queue_size" + model,
          "request_count_total" + model + "method=\"batch\"",
          "request_success_total" + model + "method=\"batch\"",
          "request_failure_total{model_name=\"\",err=\"empty_input\"",
          "embed_success_total" + model,
          "request_duration_count" + model,
          "request_tokenization_duration_count" + model,
          "request_queue_duration_count" + model,
          "request_inference_duration_count" + model,
          "request_input_length_count" + model,
          "batch_next_size_count" + model,
          "batch_next_tokens_count" + model,
          "inference_seconds_total" + model
        }) {
      assertTrue(text.contains("\nquern:te_" + name), name + "\n" + text);
    }
    assertTrue(text.contains("quern:memory_bytes{model_name=\"bert-mean\",tag=\"weights\""), text);
  }

  @Test
  void theOperatorsBatchSizeHoldsEverywhereAndCuttingCanBeTheDefault(@TempDir Path cache) {
    EncoderRouteSettings routes = new EncoderRouteSettings(OptionalInt.of(2), true);
    try (EncoderServer other = EncoderServer.start(cache, routes, EMBED)) {
      String three = "[\"a\",\"b\",\"c\"]";
      other.refused(413, EMBEDDINGS, "{\"input\":" + three + "}");
      other.refused(413, "/rerank", "{\"query\":\"q\",\"documents\":" + three + "}");
      other.refused(413, "/score", "{\"text_1\":\"q\",\"text_2\":" + three + "}");
      other.refusedByTei(413, "Validation", "/embed", "{\"inputs\":" + three + "}");
      other.refusedByTei(
          413,
          "Validation",
          "/similarity",
          "{\"inputs\":{\"source_sentence\":\"a\",\"sentences\":[\"b\",\"c\"]}}");
      assertEquals(
          64,
          other.ok(EMBEDDINGS, "{\"input\":\"" + LONG + "\"}").at("/usage/prompt_tokens").asInt());
      other.ok("/embed", "{\"inputs\":\"" + LONG + "\"}");
      other.refusedByTei(
          422, "Validation", "/embed", "{\"inputs\":\"" + LONG + "\",\"truncate\":false}");
      JsonNode info = TestServer.json(other.get("/info").body());
      assertEquals(EMBED, info.path("model_id").asText());
      assertTrue(info.path("auto_truncate").asBoolean());
      assertEquals(2, info.path("max_client_batch_size").asInt());
      // The only model cannot chat, and there is no other to ask for.
      other.refused(400, "/classify", "{\"input\":\"hi\"}");
    }
  }

  @Test
  void aLanguageModelThatMightRerankSaysHowToTell(@TempDir Path cache, @TempDir Path silent)
      throws IOException {
    // The original Qwen3-Reranker: nothing in its files says that it is one.
    try (var files = Files.list(EncoderServer.folder("qwen3-reranker"))) {
      for (Path file : files.toList()) {
        Files.copy(file, silent.resolve(file.getFileName()));
      }
    }
    Path config = silent.resolve("config.json");
    ObjectNode edited = (ObjectNode) TestServer.json(Files.readString(config));
    edited.remove(List.of("classifier_from_token", "is_original_qwen3_reranker"));
    Files.writeString(config, edited.toString());
    EncoderRouteSettings routes = EncoderRouteSettings.defaults();
    try (EncoderServer other = EncoderServer.start(cache, routes, silent.toString())) {
      String message =
          other
              .refused(400, "/rerank", "{\"query\":\"a\",\"documents\":[\"b\"]}")
              .path("message")
              .asText();
      assertTrue(message.contains("generates text"), message);
      assertTrue(message.contains("--task MODEL=rerank"), message);
    }
  }

  private static String param(int status, String fields) {
    return server.refused(status, EMBEDDINGS, body(fields)).path("param").asText();
  }

  private static String body(String fields) {
    return "{\"model\":\"bert-mean\"," + fields + "}";
  }

  private static float[] floats(JsonNode array) {
    float[] floats = new float[array.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = array.get(i).floatValue();
    }
    return floats;
  }

  private static void assertClose(JsonNode expected, float[] actual) {
    assertEquals(expected.size(), actual.length);
    assertTrue(
        VectorSimilarity.COSINE.of(floats(expected), actual) >= 1 - 1e-5,
        expected + " but " + java.util.Arrays.toString(actual));
    assertArrayEquals(floats(expected), actual, 1e-4f);
  }
}
