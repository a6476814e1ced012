package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.cuda.CudaSettings;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.nvml.GpuGauges;
import dev.quern.engine.runtime.GpuSettings;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From HTTP to tokens on a GPU, which is the driver's look-alike, and what its faults cost. */
@Timeout(600)
class GpuServerTest {
  private static final int TOKENS = 10;
  private static final String RECOVERIES = "quern:gpu_recovery_seconds";

  // CUresult.
  private static final int OUT_OF_MEMORY = 2;
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int LAUNCH_FAILED = 719;

  private final Path folder;
  private Emulator emulator;

  GpuServerTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @BeforeEach
  void openEmulator() {
    emulator = GpuServer.emulator();
  }

  @AfterEach
  void restoreMachine() {
    if (emulator != null) {
      emulator.set("totalMemory", 1L << 30);
      emulator.set("devices", 1);
    }
  }

  @Test
  void threeFamiliesAnswerAsOnTheCpu() {
    List<TinyCheckpoint> families =
        Stream.of("llama", "qwen3", "mixtral")
            .map(family -> TinyCheckpoint.copy(family, folder))
            .toList();
    Path[] folders = families.stream().map(TinyCheckpoint::folder).toArray(Path[]::new);
    try (GpuServer gpu = new GpuServer(emulator, "cuda:0", folders);
        GpuServer cpu = new GpuServer(emulator, "cpu", folders)) {
      assertEquals("cuda:0", gpu.model(0).device().name());
      assertEquals("cpu", cpu.model(0).device().name());
      for (TinyCheckpoint family : families) {
        String greedy = body(family, family.prompt(), "\"temperature\":0");
        String expected =
            family.greedy().stream()
                .limit(TOKENS)
                .map(id -> " w" + id)
                .collect(Collectors.joining());
        assertEquals(
            expected, gpu.choice(greedy).path("text").asText(), family.folder().toString());

        String scored = body(family, family.prompt(), "\"temperature\":0,\"logprobs\":3");
        assertClose(cpu.choice(scored).path("logprobs"), gpu.choice(scored).path("logprobs"));

        String sampled = body(family, family.prompt(), "\"temperature\":0.8,\"seed\":7");
        String drawn = gpu.choice(sampled).path("text").asText();
        assertEquals(cpu.choice(sampled).path("text").asText(), drawn);
        assertEquals(drawn, gpu.choice(sampled).path("text").asText());
        assertEquals(drawn, streamed(gpu, sampled));
      }
    }
  }

  @Test
  void decodeStepsAreReplayedAndAnswersAreThoseOfKernels() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    List<String> bodies =
        List.of(
            body(llama, llama.prompt(), "\"temperature\":0"),
            body(llama, llama.prompt(), "\"temperature\":0.9,\"seed\":3,\"logprobs\":2"));
    CudaSettings libraries = new CudaSettings(emulator.library(), List.of());
    List<JsonNode> expected;
    try (GpuServer kernels =
        new GpuServer(new GpuSettings(0.9, false, libraries), "cuda:0", llama.folder())) {
      expected = bodies.stream().map(kernels::choice).toList();
      assertEquals(0, passes(kernels, "replayed"));
      assertEquals(0, passes(kernels, "recorded"));
    }
    try (GpuServer graphs =
        new GpuServer(new GpuSettings(0.9, true, libraries), "cuda:0", llama.folder())) {
      assertEquals(expected, bodies.stream().map(graphs::choice).toList());
      // Of each answer one step is its prompt's; then one by kernels, one recorded.
      assertEquals(1, passes(graphs, "recorded"));
      assertEquals(2 * (TOKENS - 1) - 2, passes(graphs, "replayed"));
      assertSeries(
          "gpu_memory_held_bytes{device=\"cuda:0\",tag=\"graphs\",}",
          graphs.get("/metrics").body());
    }
  }

  @Test
  void aGraphThatCannotBeLaunchedCostsNobodyAnything() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    String greedy = body(llama, llama.prompt(), "\"temperature\":0");
    try (GpuServer gpu = new GpuServer(emulator, "cuda:0", llama.folder())) {
      String expected = gpu.choice(greedy).path("text").asText();
      emulator.fail("cuGraphLaunch", 3, OUT_OF_MEMORY);
      assertEquals(expected, gpu.choice(greedy).path("text").asText());
      double replayed = passes(gpu, "replayed");
      assertEquals(expected, gpu.choice(greedy).path("text").asText());
      assertEquals(replayed, passes(gpu, "replayed"));
      assertEquals(200, gpu.get("/health").statusCode());
    }
  }

  @Test
  void aContextLostInAGraphIsOpenedAnewAndHasGraphsAgain() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    String greedy = body(llama, llama.prompt(), "\"temperature\":0");
    for (int fault : new int[] {ILLEGAL_ADDRESS, LAUNCH_FAILED}) {
      try (GpuServer gpu = new GpuServer(emulator, "cuda:0", llama.folder())) {
        String expected = gpu.choice(greedy).path("text").asText();
        emulator.fail("cuGraphLaunch", 3, fault);
        HttpResponse<String> failed = gpu.complete(greedy);
        assertEquals(503, failed.statusCode(), failed.body());
        assertTrue(failed.body().contains("send it again"), failed.body());
        assertEquals(expected, gpu.choice(greedy).path("text").asText());
        assertTrue(passes(gpu, "replayed") > 0);
      }
    }
  }

  @Test
  void sixteenAtOnceGetWhatEachGetsAlone() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    try (GpuServer gpu = new GpuServer(emulator, "cuda:0", llama.folder())) {
      List<String> bodies =
          IntStream.range(0, 16)
              .mapToObj(i -> body(llama, llama.prompt().subList(i, 12 + i), "\"temperature\":0"))
              .toList();
      List<String> alone =
          bodies.stream().map(body -> gpu.choice(body).path("text").asText()).toList();
      List<CompletableFuture<HttpResponse<String>>> together = new ArrayList<>();
      for (String body : bodies) {
        together.add(
            gpu.client().sendAsync(gpu.completion(body), HttpResponse.BodyHandlers.ofString()));
      }
      for (int i = 0; i < 16; i++) {
        JsonNode answer = GpuServer.json(together.get(i).join().body());
        assertEquals(alone.get(i), answer.at("/choices/0/text").asText(), "request " + i);
      }
    }
  }

  @Test
  void aLostContextCostsTheRunningRequestsAlone() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    TinyCheckpoint qwen = TinyCheckpoint.copy("qwen3", folder);
    String greedy = body(llama, llama.prompt(), "\"temperature\":0");
    String other = body(qwen, qwen.prompt(), "\"temperature\":0");
    for (int fault : new int[] {ILLEGAL_ADDRESS, LAUNCH_FAILED}) {
      try (GpuServer gpu = new GpuServer(emulator, "cuda:0", llama.folder(), qwen.folder())) {
        String expected = gpu.choice(greedy).path("text").asText();
        String expectedOther = gpu.choice(other).path("text").asText();
        assertEquals(0, metric(gpu, RECOVERIES + "_count{device=\"cuda:0\",} "));
        emulator.fail("cuEventSynchronize", 8, fault);
        HttpResponse<String> failed = gpu.complete(greedy);
        assertEquals(503, failed.statusCode(), failed.body());
        assertTrue(failed.body().contains("send it again"), failed.body());
        assertEquals(expected, gpu.choice(greedy).path("text").asText());
        assertEquals(expectedOther, gpu.choice(other).path("text").asText());
        assertEquals(200, gpu.get("/health").statusCode());
        assertEquals(1, metric(gpu, RECOVERIES + "_count{device=\"cuda:0\",} "));
        double seconds = metric(gpu, RECOVERIES + "_sum{device=\"cuda:0\",} ");
        assertTrue(seconds > 0 && Double.isFinite(seconds), seconds + " s");
      }
    }
  }

  @Test
  void aGpuThatKeepsFailingStopsItsModelAndHealthTellsWhy() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    String greedy = body(llama, llama.prompt(), "\"temperature\":0");
    try (GpuServer gpu = new GpuServer(emulator, "cuda:0", llama.folder())) {
      for (int i = 0; i < 3; i++) {
        // Nothing but a draw copies to the host: reloading the model must not meet the next fault.
        emulator.fail("cuMemcpyDtoHAsync_v2", 5, ILLEGAL_ADDRESS);
        assertEquals(503, gpu.complete(greedy).statusCode());
      }
      HttpResponse<String> refused = gpu.complete(greedy);
      assertEquals(503, refused.statusCode(), refused.body());
      assertTrue(refused.body().contains("3 times within 10 minutes"), refused.body());
      HttpResponse<String> health = gpu.get("/health");
      assertEquals(503, health.statusCode());
      String status = GpuServer.json(health.body()).path("status").asText();
      assertTrue(status.startsWith("llama: stopped, because its device failed"), status);
      assertTrue(status.contains("CUDA_ERROR_ILLEGAL_ADDRESS"), status);
      assertTrue(GpuServer.json(gpu.get("/v1/models").body()).path("data").isEmpty());
    }
  }

  @Test
  void aModelThatDoesNotFitIsRefusedWithWhoHoldsWhatOrGoesToTheCpu() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    emulator.set("totalMemory", 3 << 20);
    QuernException error =
        assertThrows(
            QuernException.class, () -> new GpuServer(emulator, "cuda:0", llama.folder()).close());
    assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    assertTrue(error.message().contains("cuda:0"), error.message());
    assertTrue(error.message().contains("held: "), error.message());
    assertTrue(error.message().contains("--gpu-memory-utilization"), error.message());
    try (GpuServer server = new GpuServer(emulator, "auto", llama.folder())) {
      assertEquals("cpu", server.model(0).device().name());
    }
  }

  @Test
  void autoTakesTheGpuAndMetricsTellOfIt() throws IOException {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    Path libraries = Files.createDirectory(folder.resolve("libraries"));
    Files.createSymbolicLink(
        libraries.resolve(GpuGauges.NAME), EmulatorBuild.ofNeighbour().nvml().toAbsolutePath());
    CudaSettings withGauges = new CudaSettings(emulator.library(), List.of(libraries));
    try (GpuServer server = new GpuServer(withGauges, "auto", llama.folder())) {
      assertEquals("cuda:0", server.model(0).device().name());
      String metrics = server.get("/metrics").body();
      for (String tag : List.of("weights", "kv-cache", "workspace")) {
        assertSeries("gpu_memory_held_bytes{device=\"cuda:0\",tag=\"" + tag + "\",}", metrics);
      }
      for (String gauge :
          List.of(
              "memory_used_bytes",
              "memory_free_bytes",
              "utilization_perc",
              "power_watts",
              "temperature_celsius")) {
        assertSeries("gpu_" + gauge + "{device=\"cuda:0\",}", metrics);
      }
    }
  }

  @Test
  void withoutNvmlOrGpuThereAreNoSeries() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    try (GpuServer server = new GpuServer(emulator, "cpu", llama.folder())) {
      assertFalse(server.get("/metrics").body().contains("quern:gpu_memory_held_bytes{"));
      assertFalse(server.get("/metrics").body().contains("quern:gpu_power_watts{"));
      assertFalse(server.get("/metrics").body().contains(RECOVERIES + "_count{"));
    }
  }

  private static void assertSeries(String series, String metrics) {
    assertTrue(metrics.contains("quern:" + series + " "), metrics);
  }

  @Test
  void drainingLetsRunningRequestsFinish() {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    String greedy = body(llama, llama.prompt(), "\"temperature\":0");
    try (GpuServer gpu = new GpuServer(emulator, "cuda:0", llama.folder())) {
      String expected = gpu.choice(greedy).path("text").asText();
      CompletableFuture<HttpResponse<Stream<String>>> running =
          gpu.client()
              .sendAsync(
                  gpu.completion(greedy.replace("{", "{\"stream\":true,")),
                  HttpResponse.BodyHandlers.ofLines());
      // The answer has begun.
      Stream<String> lines = running.join().body();
      gpu.drain();
      assertEquals(expected, text(lines));
    }
  }

  private static double passes(GpuServer server, String queued) {
    return metric(server, "quern:gpu_passes_total{device=\"cuda:0\",queued=\"" + queued + "\",} ");
  }

  private static double metric(GpuServer server, String series) {
    return server
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(series))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length())))
        .findAny()
        .orElseThrow(() -> new AssertionError("no " + series));
  }

  private static String body(TinyCheckpoint model, List<Integer> prompt, String fields) {
    return "{\"model\":\"%s\",\"prompt\":%s,\"max_tokens\":%d,\"ignore_eos\":true,%s}"
        .formatted(model.folder().getFileName(), prompt, TOKENS, fields);
  }

  private static String streamed(GpuServer server, String body) {
    HttpResponse<String> response = server.complete(body.replace("{", "{\"stream\":true,"));
    assertEquals(200, response.statusCode(), response.body());
    return text(response.body().lines());
  }

  private static String text(Stream<String> events) {
    return events
        .filter(line -> line.startsWith("data: {"))
        .map(line -> GpuServer.json(line.substring(6)).at("/choices/0/text").asText())
        .collect(Collectors.joining());
  }

  private static void assertClose(JsonNode expected, JsonNode actual) {
    assertEquals(expected.path("tokens"), actual.path("tokens"));
    assertEquals(TOKENS, actual.path("token_logprobs").size());
    for (int i = 0; i < TOKENS; i++) {
      assertEquals(
          expected.path("token_logprobs").path(i).asDouble(),
          actual.path("token_logprobs").path(i).asDouble(),
          1e-3);
      assertEquals(
          expected.path("top_logprobs").path(i).properties().size(),
          actual.path("top_logprobs").path(i).properties().size());
    }
  }
}
