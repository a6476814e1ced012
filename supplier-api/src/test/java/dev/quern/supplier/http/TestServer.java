package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.engine.generate.EngineSnapshot;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.DemoModel;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.generation.TemplateLoader;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/** A server on a free port that serves the demo model, with what tests ask of it. */
final class TestServer implements AutoCloseable {
  static final String CHAT = "/v1/chat/completions";
  static final String COMPLETIONS = "/v1/completions";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  final ModelRuntime runtime;
  final LoadedLanguageModel model;
  final SupplierServer server;
  final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();

  private TestServer(ModelRuntime runtime, LoadedLanguageModel model, SupplierServer server) {
    this.runtime = runtime;
    this.model = model;
    this.server = server;
  }

  static ServerSettings settings() {
    return new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 1024, 120);
  }

  static TestServer start(Path cache) {
    return start(cache, settings(), ServerLimits.of(settings()), 64, Map.of());
  }

  static TestServer start(
      Path cache,
      ServerSettings settings,
      ServerLimits limits,
      int maxWaiting,
      Map<String, String> aliases) {
    return start(cache, settings, unwatched(), limits, maxWaiting, aliases, Optional.empty());
  }

  static TestServer start(
      Path cache,
      ServerSettings settings,
      RelaySettings relays,
      ServerLimits limits,
      int maxWaiting,
      Map<String, String> aliases,
      Optional<String> defaultModel) {
    return start(
        cache, settings, relays, limits, maxWaiting, aliases, defaultModel, TemplateLoader::load);
  }

  static TestServer start(
      Path cache,
      ServerSettings settings,
      RelaySettings relays,
      ServerLimits limits,
      int maxWaiting,
      Map<String, String> aliases,
      Optional<String> defaultModel,
      Function<LoadedLanguageModel, ServedModel.ConversationTemplate> templates) {
    ModelRuntime runtime = new ModelRuntime();
    try {
      LoadedLanguageModel model =
          (LoadedLanguageModel)
              runtime.load("demo", DemoModel.extract(cache), modelSettings(maxWaiting));
      ModelCatalog catalog = new ModelCatalog(List.of(model), aliases, defaultModel);
      return new TestServer(
          runtime, model, SupplierServer.start(settings, relays, limits, catalog, templates));
    } catch (RuntimeException e) {
      runtime.close();
      throw e;
    }
  }

  /** The defaults without a canary: tests count the engine's work. */
  private static RelaySettings unwatched() {
    return new RelaySettings(RelayAccess.HEADER, 2_000, RelayLimits.NONE);
  }

  private static ModelSettings modelSettings(int maxWaiting) {
    return new ModelSettings(
        "cpu",
        Optional.of(DType.F32),
        OptionalInt.of(1024),
        16,
        512,
        OptionalLong.of(64 << 20),
        maxWaiting,
        OptionalInt.of(2));
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  HttpResponse<String> get(String path, String... headers) {
    return send(request(path, headers).GET().build());
  }

  HttpResponse<String> post(String path, String body, String... headers) {
    return send(request(path, headers).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  HttpRequest.Builder request(String path, String... headers) {
    HttpRequest.Builder builder = HttpRequest.newBuilder(uri(path)).timeout(PATIENCE);
    for (int i = 0; i < headers.length; i += 2) {
      builder.header(headers[i], headers[i + 1]);
    }
    return builder;
  }

  HttpResponse<String> send(HttpRequest request) {
    try {
      // A client of its own: under a test's tight limits a kept connection may just be closing.
      try (HttpClient fresh = HttpClient.newHttpClient()) {
        return fresh.send(request, HttpResponse.BodyHandlers.ofString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The answer's JSON; fails unless the status is 200. */
  JsonNode ok(String path, String body) {
    HttpResponse<String> response = post(path, body);
    assertEquals(200, response.statusCode(), response.body());
    return json(response.body());
  }

  /** The error object of a refused request. */
  JsonNode refused(int status, String path, String body) {
    HttpResponse<String> response = post(path, body);
    assertEquals(status, response.statusCode(), response.body());
    return error(response);
  }

  static JsonNode error(HttpResponse<String> response) {
    JsonNode error = json(response.body()).path("error");
    assertEquals(
        List.of("message", "type", "param", "code"),
        error.properties().stream().map(Map.Entry::getKey).toList());
    return error;
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException("no JSON: " + text, e);
    }
  }

  /** The data of each event, in order. */
  List<String> events(String path, String body) {
    HttpResponse<String> response = post(path, body);
    assertEquals(200, response.statusCode(), response.body());
    assertEquals(
        "text/event-stream; charset=utf-8",
        response.headers().firstValue("Content-Type").orElse(""));
    return response
        .body()
        .lines()
        .filter(line -> !line.isEmpty())
        .map(
            line -> {
              assertEquals("data: ", line.substring(0, Math.min(6, line.length())));
              return line.substring(6);
            })
        .toList();
  }

  static String chat(String question, String fields) {
    return "{\"model\":\"demo\",\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":"
        + JSON.valueToTree(question)
        + "}]"
        + (fields.isEmpty() ? "" : "," + fields)
        + "}";
  }

  static String completion(String prompt, String fields) {
    return "{\"model\":\"demo\",\"temperature\":0,\"prompt\":"
        + JSON.valueToTree(prompt)
        + (fields.isEmpty() ? "" : "," + fields)
        + "}";
  }

  /** It answers, and nothing of earlier requests is left in the engine. */
  void assertServesAndHoldsNothing() throws InterruptedException {
    JsonNode answer = ok(CHAT, chat("What is 3 plus 4?", "\"max_tokens\":8"));
    assertEquals("chat.completion", answer.path("object").asText());
    awaitIdle();
  }

  void awaitIdle() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      EngineSnapshot now = model.engine().snapshot();
      if (now.running() == 0 && now.waiting() == 0 && now.kvBlocksUsed() == 0) {
        return;
      }
      Thread.sleep(10);
    }
    throw new AssertionError("still busy: " + model.engine().snapshot());
  }

  @Override
  public void close() {
    server.close();
    client.close();
    runtime.close();
  }
}
