package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.runtime.EncoderOptions;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.DemoModel;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** A server on a free port with encoders of the engine's tests, beside the demo if asked. */
final class EncoderServer implements AutoCloseable {
  /** Mean pooling, vectors of length one, 32 numbers, 64 tokens, prompts for query and document. */
  static final String EMBED = "bert-mean";

  static final String RERANK = "xlm-roberta-cross";

  /** Labels grain, stone and water. */
  static final String CLASSES = "bert-classes";

  private static final Path FOLDERS = Path.of("../engine/src/test/resources/encoders");
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  final ModelRuntime runtime;
  final Map<String, LoadedModel> models;
  final SupplierServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  private EncoderServer(
      ModelRuntime runtime, Map<String, LoadedModel> models, SupplierServer server) {
    this.runtime = runtime;
    this.models = models;
    this.server = server;
  }

  /**
   * Starts one.
   *
   * @param cache where the demo is unpacked
   * @param names {@code demo}, or folders of the engine's tests
   */
  static EncoderServer start(Path cache, EncoderRouteSettings routes, String... names) {
    return start(
        cache, routes, RelaySettings.defaults(), Map.of(), Optional.empty(), List.of(names));
  }

  /**
   * Starts one for relays.
   *
   * @param aliases public name to name
   */
  static EncoderServer start(
      Path cache,
      EncoderRouteSettings routes,
      RelaySettings relays,
      Map<String, String> aliases,
      Optional<String> defaultName,
      List<String> names) {
    ModelRuntime runtime = new ModelRuntime();
    try {
      List<LoadedModel> models = new ArrayList<>();
      for (String name : names) {
        models.add(
            runtime.load(
                name,
                name.equals("demo") ? DemoModel.extract(cache) : FOLDERS.resolve(name),
                loading(name)));
      }
      ServerSettings settings =
          new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 1024, 60, routes);
      SupplierServer server =
          SupplierServer.start(settings, relays, new ModelCatalog(models, aliases, defaultName));
      Map<String, LoadedModel> byName = new java.util.LinkedHashMap<>();
      models.forEach(model -> byName.put(model.id(), model));
      return new EncoderServer(runtime, byName, server);
    } catch (RuntimeException e) {
      runtime.close();
      throw e;
    }
  }

  private static ModelSettings loading(String name) {
    return new ModelSettings(
            "cpu",
            Optional.of(DType.F32),
            name.equals("demo") ? OptionalInt.of(1024) : OptionalInt.empty(),
            16,
            512,
            OptionalLong.of(64 << 20),
            64,
            OptionalInt.of(2))
        .withEncoder(new EncoderOptions(Optional.empty(), 2048, OptionalInt.of(2)));
  }

  String url() {
    return "http://127.0.0.1:" + server.port();
  }

  static Path folder(String name) {
    return FOLDERS.resolve(name);
  }

  static JsonNode golden(String name) {
    try {
      return TestServer.json(
          java.nio.file.Files.readString(FOLDERS.resolve(name).resolve("golden.json")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(URI.create(url() + path)).GET());
  }

  HttpResponse<String> post(String path, String body) {
    return send(
        HttpRequest.newBuilder(URI.create(url() + path))
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  /** As one that came through the network. */
  HttpResponse<String> relay(String path, String body, String application) {
    return send(
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("Pocket-Application", application)
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return client.send(request.timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
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
    return TestServer.json(response.body());
  }

  /** The error of a refused request, in OpenAI's shape. */
  JsonNode refused(int status, String path, String body) {
    HttpResponse<String> response = post(path, body);
    assertEquals(status, response.statusCode(), response.body());
    return TestServer.error(response);
  }

  /** The error of a refused request, in TEI's shape. */
  JsonNode refusedByTei(int status, String type, String path, String body) {
    HttpResponse<String> response = post(path, body);
    assertEquals(status, response.statusCode(), response.body());
    JsonNode error = TestServer.json(response.body());
    assertEquals(2, error.size(), response.body());
    assertEquals(type, error.path("error_type").asText(), response.body());
    return error;
  }

  @Override
  public void close() {
    server.close();
    client.close();
    runtime.close();
  }
}
