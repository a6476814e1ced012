package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.cuda.CudaSettings;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.runtime.GpuSettings;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.supplier.ModelCatalog;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;

/** A server on a free port whose models run where a test says, GPUs being the look-alike's. */
final class GpuServer implements AutoCloseable {
  static final long GPU_BYTES = 256L << 20;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final ServerSettings SETTINGS =
      new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 64, 60);

  private final ModelRuntime runtime;
  private final List<LoadedModel> models = new ArrayList<>();
  private final SupplierServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  GpuServer(Emulator emulator, String device, Path... checkpoints) {
    this(new CudaSettings(emulator.library(), List.of()), device, checkpoints);
  }

  GpuServer(CudaSettings libraries, String device, Path... checkpoints) {
    this(new GpuSettings(0.9, true, libraries), device, checkpoints);
  }

  GpuServer(GpuSettings gpus, String device, Path... checkpoints) {
    runtime = new ModelRuntime(gpus);
    try {
      for (Path checkpoint : checkpoints) {
        models.add(runtime.load(checkpoint.getFileName().toString(), checkpoint, settings(device)));
      }
      RelaySettings unwatched = new RelaySettings(RelayAccess.HEADER, 2_000, RelayLimits.NONE);
      server = SupplierServer.start(SETTINGS, unwatched, new ModelCatalog(models, Map.of()));
    } catch (RuntimeException e) {
      runtime.close();
      throw e;
    }
  }

  /** The look-alike as a host with one GPU; the test is skipped where it cannot be built. */
  static Emulator emulator() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    Emulator emulator = new Emulator(EmulatorBuild.ofNeighbour().library(false));
    emulator.setMode(EmulatorMode.DEFAULT);
    emulator.set("devices", 1);
    emulator.set("totalMemory", GPU_BYTES);
    emulator.set("major", 8);
    return emulator;
  }

  private static ModelSettings settings(String device) {
    return new ModelSettings(
        device,
        Optional.of(DType.F32),
        OptionalInt.empty(),
        16,
        64,
        OptionalLong.of(4 << 20),
        64,
        OptionalInt.of(2));
  }

  LoadedModel model(int index) {
    return models.get(index);
  }

  void drain() {
    server.drain();
  }

  HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(uri(path)).timeout(PATIENCE).GET().build());
  }

  HttpResponse<String> complete(String body) {
    return send(completion(body));
  }

  HttpRequest completion(String body) {
    return HttpRequest.newBuilder(uri("/v1/completions"))
        .timeout(PATIENCE)
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  HttpClient client() {
    return client;
  }

  /** The only choice of an answer. */
  JsonNode choice(String body) {
    HttpResponse<String> response = complete(body);
    assertEquals(200, response.statusCode(), response.body());
    return json(response.body()).path("choices").path(0);
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException("no JSON: " + text, e);
    }
  }

  private HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  @Override
  public void close() {
    client.close();
    server.close();
    runtime.close();
  }
}
