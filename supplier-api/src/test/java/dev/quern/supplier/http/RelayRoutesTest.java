package dev.quern.supplier.http;

import static dev.quern.supplier.http.TestServer.CHAT;
import static dev.quern.supplier.http.TestServer.COMPLETIONS;
import static dev.quern.supplier.http.TestServer.chat;
import static dev.quern.supplier.http.TestServer.completion;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.supplier.relay.PathSafeRenderer;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import dev.quern.supplier.relay.SafeWords;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a miner and a gateway see of a server that takes relays without a key. */
@Timeout(300)
class RelayRoutesTest {
  private static final String NAME = "pocket_network";
  private static final String OTHER_NAME = "other";
  private static final String KEY = "own-key";

  private static TestServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    ServerSettings settings =
        new ServerSettings("127.0.0.1", 0, Set.of(KEY), true, 10_000_000, 64, 5);
    server =
        TestServer.start(
            cache,
            settings,
            new RelaySettings(
                RelayAccess.KEYLESS,
                20,
                new RelayLimits(true, OptionalInt.of(400), OptionalInt.of(100), 2)),
            ServerLimits.of(settings),
            64,
            Map.of(NAME, "demo", OTHER_NAME, "demo"),
            Optional.of(NAME));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void nothingIsLeft() throws InterruptedException {
    server.awaitIdle();
  }

  @Test
  void thePublicNameIsAllThatIsSeen() {
    String question = chat("What is 3 plus 4?", "\"max_tokens\":8");
    for (String asked : List.of(NAME, "unknown/model", "demo")) {
      JsonNode answer = server.ok(CHAT, question.replace("\"demo\"", "\"" + asked + "\""));
      assertEquals(NAME, answer.path("model").asText());
    }
    JsonNode absent = server.ok(CHAT, question.replace("\"model\":\"demo\",", ""));
    assertEquals(NAME, absent.path("model").asText());
    JsonNode other = server.ok(CHAT, question.replace("\"demo\"", "\"" + OTHER_NAME + "\""));
    assertEquals(OTHER_NAME, other.path("model").asText());
    String streamed = chat("What is 3 plus 4?", "\"max_tokens\":8,\"stream\":true");
    for (String event : server.events(CHAT, streamed)) {
      assertTrue(event.equals("[DONE]") || event.contains("\"model\":\"" + NAME + "\""), event);
    }
    assertFalse(server.get("/v1/models").body().contains("demo"));
    assertEquals(404, server.get("/v1/models/demo").statusCode());
    String refusal = server.post(CHAT, question.replace("\"max_tokens\":8", "\"n\":0")).body();
    assertFalse(refusal.contains("demo"), refusal);
  }

  @Test
  void choicesBeginBeyondWhatGatewaysJudge() throws IOException {
    for (String path : List.of(CHAT, "/chat/completions", COMPLETIONS, "/completions")) {
      String body =
          path.contains("chat")
              ? chat("What is 3 plus 4?", "\"max_tokens\":8,\"request_id\":\"certificate\"")
              : completion("forbidden", "\"max_tokens\":8,\"echo\":true,\"prompt_logprobs\":0");
      HttpResponse<String> response = server.post(path, body);
      assertEquals(200, response.statusCode());
      String json = response.body().stripLeading();
      assertTrue(json.indexOf("\"choices\"") >= PathSafeRenderer.JUDGED, json);
      assertTrue(SafeWords.safe(json.substring(0, PathSafeRenderer.JUDGED)), json);
      assertFalse(json.contains("tool_calls"), json);
      JsonNode answer = TestServer.json(json);
      assertFalse(answer.has("error"));
      assertEquals(
          List.of("id", "object", "created", "model", "system_fingerprint", "usage", "choices"),
          answer.properties().stream().map(Map.Entry::getKey).toList());
    }
  }

  @Test
  void aStreamsFirstEventIsPaddedToo() {
    List<String> events =
        server.events(COMPLETIONS, completion("One", "\"max_tokens\":8,\"stream\":true"));
    assertTrue(events.getFirst().indexOf("\"choices\"") >= PathSafeRenderer.JUDGED);
    assertTrue(events.get(1).indexOf("\"choices\"") < PathSafeRenderer.JUDGED);
  }

  @Test
  void linesOfJsonForWhoAsksForThem() {
    HttpResponse<String> answer =
        server.post(
            CHAT,
            chat("What is 3 plus 4?", "\"max_tokens\":8,\"stream\":true"),
            "Accept",
            "application/x-ndjson");
    assertEquals("application/x-ndjson", answer.headers().firstValue("Content-Type").orElseThrow());
    List<String> lines = answer.body().lines().toList();
    assertTrue(lines.size() > 2, answer.body());
    for (String line : lines) {
      assertEquals("chat.completion.chunk", TestServer.json(line).path("object").asText());
    }
    assertTrue(
        TestServer.json(lines.getLast()).at("/choices/0/finish_reason").isTextual(), answer.body());
  }

  @Test
  void headLeavesBeforeTheAnswerIsMade() throws IOException {
    String body =
        completion("One", "\"max_tokens\":300,\"ignore_eos\":true,\"stop\":[\"never seen\"]");
    long before = server.model.engine().snapshot().generationTokens();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
      socket.setSoTimeout(240_000);
      socket
          .getOutputStream()
          .write(
              ("POST /completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                      + "Content-Length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body)
                  .getBytes(StandardCharsets.ISO_8859_1));
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        head.append((char) socket.getInputStream().read());
      }
      long made = server.model.engine().snapshot().generationTokens() - before;
      assertTrue(made < 300, made + " tokens were made before the head came");
      assertTrue(head.toString().startsWith("HTTP/1.1 200 "), head.toString());
      assertTrue(head.toString().toLowerCase(java.util.Locale.ROOT).contains("chunked"));
      // Three blanks in chunks of their own: the keep-alive goes on.
      byte[] blanks = socket.getInputStream().readNBytes(3 * "1\r\n \r\n".length());
      assertEquals("1\r\n \r\n".repeat(3), new String(blanks, StandardCharsets.ISO_8859_1));
    }
  }

  @Test
  void refusalsHaveTheirOwnStatusAndSafeWords() {
    HttpResponse<String> refused =
        server.post(CHAT, chat("hi", "\"Supplier-Certificate\":\"rate limit\""));
    assertEquals(400, refused.statusCode());
    assertTrue(SafeWords.safe(refused.body()), refused.body());
    assertEquals("invalid_value", TestServer.error(refused).path("code").asText());
  }

  @Test
  void relaysAreCroppedAndCapped() {
    JsonNode cropped = server.ok(CHAT, chat("What is 3 plus 4?", "\"max_completion_tokens\":8192"));
    assertEquals("stop", cropped.at("/choices/0/finish_reason").asText());
    JsonNode most =
        server.ok(
            COMPLETIONS, completion("One", "\"max_tokens\":100000,\"ignore_eos\":true,\"seed\":1"));
    assertEquals(400, most.at("/usage/completion_tokens").asInt());
    assertEquals("length", most.at("/choices/0/finish_reason").asText());
    JsonNode scored =
        server.ok(CHAT, chat("Hi", "\"max_tokens\":2,\"logprobs\":true,\"top_logprobs\":9"));
    assertEquals(2, scored.at("/choices/0/logprobs/content/0/top_logprobs").size());
    JsonNode refused =
        server.refused(400, COMPLETIONS, completion("word ".repeat(200), "\"max_tokens\":1"));
    assertEquals("context_length_exceeded", refused.path("code").asText());
    JsonNode scoring =
        server.ok(
            COMPLETIONS, completion("One two", "\"max_tokens\":0,\"echo\":true,\"logprobs\":2"));
    assertTrue(scoring.at("/choices/0/logprobs/token_logprobs/1").isNumber());
  }

  @Test
  void identityIsThatOfTheFiles() throws Exception {
    for (String part : List.of("tokenizer", "config")) {
      HttpResponse<String> whole = server.get("/pokt/" + part);
      assertEquals(200, whole.statusCode());
      // White space of an early head may lead on an overloaded machine.
      String json = whole.body().stripLeading();
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(json.getBytes(StandardCharsets.UTF_8));
      JsonNode hash = TestServer.json(server.get("/v1/pokt/" + part + "-hash").body());
      assertEquals(HexFormat.of().formatHex(digest), hash.path("hash").asText());
    }
    JsonNode tokenizer = TestServer.json(server.get("/pokt/tokenizer").body());
    assertEquals(
        List.of("special_tokens_map", "tokenizer", "tokenizer_config"),
        tokenizer.properties().stream().map(Map.Entry::getKey).toList());
    assertEquals("2048", tokenizer.at("/tokenizer_config/model_max_length").textValue());
    JsonNode config = TestServer.json(server.get("/pokt/config").body());
    assertEquals("Unknown", config.at("/config/_name_or_path").asText());
    assertEquals("llama", config.at("/config/model_type").asText());
    assertEquals(NAME, config.path("model_public_name").textValue());
    assertEquals("1024", config.path("max_position_embeddings").textValue());
    assertEquals("400", config.path("max_tokens").textValue());
    String digest = config.path("checkpoint_digest").textValue();
    assertEquals(CheckpointManifest.compute(server.model.path()).digest(), digest);
    JsonNode card = TestServer.json(server.get("/v1/models/" + NAME).body());
    assertEquals(digest, card.path("checkpoint_digest").textValue());
  }

  @Test
  void ownRequestsStayAsTheyAreAndAMetricsKeyIsAlwaysAsked() {
    HttpResponse<String> own =
        server.post(CHAT, chat("Hi", "\"max_tokens\":4"), "Authorization", "Bearer " + KEY);
    assertTrue(own.body().indexOf("\"choices\"") < PathSafeRenderer.JUDGED, own.body());
    assertTrue(own.headers().firstValue("Content-Length").isPresent());
    HttpResponse<String> relay =
        server.post(
            CHAT,
            chat("Hi", "\"max_tokens\":4"),
            "Authorization",
            "Bearer " + KEY,
            "pocket-SERVICE",
            "text-generation");
    assertTrue(relay.body().indexOf("\"choices\"") >= PathSafeRenderer.JUDGED, relay.body());
    assertEquals(401, server.get("/metrics").statusCode());
    assertEquals(
        401, server.post(CHAT, chat("Hi", ""), "Authorization", "Bearer wrong").statusCode());
  }
}
