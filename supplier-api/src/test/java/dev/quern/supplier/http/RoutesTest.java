package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every other route, keys, aliases and metrics. */
@Timeout(300)
class RoutesTest {
  private static final String NAME = "hidden/behind-this";
  private static final String[] KEY = {"Authorization", "Bearer right-key"};

  private static TestServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    ServerSettings settings =
        new ServerSettings(
            "127.0.0.1", 0, Set.of("right-key", "second-key"), true, 10_000_000, 64, 5);
    server = TestServer.start(cache, settings, ServerLimits.of(settings), 64, Map.of(NAME, "demo"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void everyDocumentedRouteIsThereWithAndWithoutVersion() {
    JsonNode paths = TestServer.json(server.get("/openapi.json", KEY).body()).path("paths");
    assertTrue(paths.size() >= 24, paths.toString());
    paths
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation -> {
                          String method = operation.getKey().toUpperCase(java.util.Locale.ROOT);
                          String target = path.getKey().replace("{model}", NAME);
                          HttpRequest.BodyPublisher body =
                              method.equals("POST")
                                  ? HttpRequest.BodyPublishers.ofString("{}")
                                  : HttpRequest.BodyPublishers.noBody();
                          HttpResponse<String> response =
                              server.send(server.request(target, KEY).method(method, body).build());
                          // TEI's routes call what cannot work unprocessable.
                          boolean tei = target.matches("(/v1)?/(embed|predict|similarity)");
                          // This server was given nothing to sign with, and says so.
                          boolean unsigned = target.endsWith("/attestation");
                          int expected =
                              method.equals("POST") ? (tei ? 422 : 400) : unsigned ? 404 : 200;
                          assertEquals(expected, response.statusCode(), method + " " + target);
                          assertEquals(unsigned, response.body().contains("sign-key-file"), target);
                        }));
  }

  /** Probes ask so: only whether, not what. */
  @Test
  void headIsAnsweredAsGetWithoutTheBody() {
    for (String path :
        List.of(
            "/health",
            "/v1/health",
            "/models",
            "/v1/models",
            "/v1/models/" + NAME,
            "/v1/version",
            "/openapi.json",
            "/metrics")) {
      HttpResponse<String> get = server.get(path, KEY);
      HttpResponse<String> head =
          server.send(
              server
                  .request(path, KEY)
                  .method("HEAD", HttpRequest.BodyPublishers.noBody())
                  .build());
      assertEquals(200, head.statusCode(), path);
      assertEquals("", head.body(), path);
      assertEquals(
          get.headers().firstValue("Content-Type"),
          head.headers().firstValue("Content-Type"),
          path);
      if (!path.equals("/metrics")) {
        assertEquals(
            get.headers().firstValue("Content-Length"),
            head.headers().firstValue("Content-Length"),
            path);
      }
    }
    // It still takes a key where GET does, and is not served where GET is not.
    HttpRequest.Builder keyless =
        HttpRequest.newBuilder().method("HEAD", HttpRequest.BodyPublishers.noBody());
    assertEquals(401, server.send(keyless.uri(server.uri("/v1/models")).build()).statusCode());
    assertEquals(200, server.send(keyless.uri(server.uri("/health")).build()).statusCode());
    assertEquals(404, server.send(keyless.uri(server.uri("/v1/nothing")).build()).statusCode());
  }

  @Test
  void unknownRoutesAndMethodsHaveOpenAisErrors() {
    HttpResponse<String> unknown = server.get("/v1/nothing", KEY);
    assertEquals(404, unknown.statusCode());
    assertEquals("unknown_route", TestServer.error(unknown).path("code").asText());
    HttpResponse<String> method = server.get("/v1/chat/completions", KEY);
    assertEquals(405, method.statusCode());
    assertEquals("POST", method.headers().firstValue("Allow").orElse(""));
    assertEquals("method_not_allowed", TestServer.error(method).path("code").asText());
  }

  @Test
  void keysGuardEverythingButHealth() {
    for (String path : new String[] {"/v1/models", "/metrics", "/", "/version", "/openapi.json"}) {
      HttpResponse<String> without = server.get(path);
      assertEquals(401, without.statusCode(), path);
      assertEquals("missing_api_key", TestServer.error(without).path("code").asText());
    }
    assertEquals(401, server.post("/tokenize", "{\"prompt\":\"a\"}").statusCode());
    assertEquals(401, server.post(TestServer.CHAT, "{}").statusCode());
    HttpResponse<String> wrong = server.get("/v1/models", "Authorization", "Bearer wrong-key");
    assertEquals(401, wrong.statusCode());
    assertFalse(wrong.body().contains("wrong-key"), "keys are never repeated");
    assertEquals(200, server.get("/v1/models", "Authorization", "Bearer second-key").statusCode());
    assertEquals(200, server.get("/health").statusCode());
    assertEquals(200, server.get("/v1/health").statusCode());
  }

  @Test
  void aliasesHideTheModelsOwnName() {
    JsonNode list = TestServer.json(server.get("/v1/models", KEY).body());
    assertEquals(1, list.path("data").size());
    assertEquals(NAME, list.at("/data/0/id").asText());
    assertEquals(1024, list.at("/data/0/max_model_len").asInt());
    JsonNode one = TestServer.json(server.get("/models/" + NAME, KEY).body());
    assertEquals(NAME, one.path("id").asText());
    assertEquals(
        NAME,
        TestServer.json(server.get("/v1/models/hidden%2Fbehind-this", KEY).body())
            .path("id")
            .asText());
    assertEquals(404, server.get("/v1/models/demo", KEY).statusCode());
    String body =
        "{\"model\":\"" + NAME + "\",\"prompt\":\"One\",\"max_tokens\":2,\"stream\":true}";
    HttpResponse<String> stream = server.post("/completions", body, KEY);
    assertTrue(stream.body().contains("\"model\":\"" + NAME + "\""), stream.body());
    HttpResponse<String> own = server.post("/completions", body.replace(NAME, "demo"), KEY);
    assertEquals(404, own.statusCode());
    assertEquals("model_not_found", TestServer.error(own).path("code").asText());
  }

  @Test
  void tokensGoThereAndBack() {
    String text = "Grüße, 你好 👩‍👩‍👧 and plain words";
    JsonNode tokens =
        TestServer.json(
            server
                .post(
                    "/tokenize",
                    "{\"prompt\":\""
                        + text
                        + "\",\"add_special_tokens\":false,"
                        + "\"return_token_strs\":true}",
                    KEY)
                .body());
    assertEquals(tokens.path("count").asInt(), tokens.path("tokens").size());
    assertEquals(tokens.path("count").asInt(), tokens.path("token_strs").size());
    assertEquals(1024, tokens.path("max_model_len").asInt());
    JsonNode back =
        TestServer.json(
            server
                .post("/v1/detokenize", "{\"tokens\":" + tokens.path("tokens") + "}", KEY)
                .body());
    assertEquals(text, back.path("prompt").asText());
    JsonNode chat =
        TestServer.json(
            server
                .post(
                    "/tokenize",
                    "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                        + "\"add_generation_prompt\":false}",
                    KEY)
                .body());
    assertTrue(chat.path("count").asInt() > 3);
    HttpResponse<String> outside = server.post("/detokenize", "{\"tokens\":[99999999]}", KEY);
    assertEquals(400, outside.statusCode());
    assertEquals("tokens", TestServer.error(outside).path("param").asText());
  }

  @Test
  void metricsTellOfWork() {
    String body =
        "{\"model\":\"" + NAME + "\",\"prompt\":\"One\",\"max_tokens\":4," + "\"ignore_eos\":true}";
    assertEquals(200, server.post(TestServer.COMPLETIONS, body, KEY).statusCode());
    String text = server.get("/metrics", KEY).body();
    for (String name :
        new String[] {
          "num_requests_running", "num_requests_waiting", "kv_cache_usage_perc",
          "prompt_tokens_total", "generation_tokens_total", "num_preemptions_total",
          "prefix_cache_queries_total", "prefix_cache_hits_total"
        }) {
      assertTrue(
          text.contains("\nquern:" + name + "{model_name=\"" + NAME + "\",}"), name + "\n" + text);
    }
    for (String name :
        new String[] {
          "time_to_first_token_seconds",
          "inter_token_latency_seconds",
          "request_time_per_output_token_seconds",
          "e2e_request_latency_seconds",
          "request_queue_time_seconds",
          "request_prefill_time_seconds",
          "request_decode_time_seconds",
          "request_prompt_tokens",
          "request_generation_tokens",
          "iteration_tokens_total"
        }) {
      assertTrue(text.contains("\nquern:" + name + "_count{"), name);
    }
    assertTrue(text.contains("quern:request_success_total{"), text);
    for (String phase : new String[] {"schedule", "run", "sample", "publish"}) {
      String labels = "{model_name=\"" + NAME + "\",phase=\"" + phase + "\",}";
      assertTrue(text.contains("\nquern:step_seconds_total" + labels), phase + "\n" + text);
    }
    assertTrue(
        text.contains("quern:http_requests_total{handler=\"/completions\",method=\"POST\""), text);
    assertTrue(text.contains("tag=\"weights\"") && text.contains("tag=\"kv_cache\""), text);
    assertTrue(text.contains("process_resident_memory_bytes"), text);
  }
}
