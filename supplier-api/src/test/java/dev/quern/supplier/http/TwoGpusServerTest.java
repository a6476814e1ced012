package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.Emulator;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two models on a host with two GPUs, which are the driver's look-alike. */
@Timeout(600)
class TwoGpusServerTest {
  private static final int TOKENS = 6;
  private static final int ILLEGAL_ADDRESS = 700;

  private final TinyCheckpoint llama;
  private final TinyCheckpoint qwen;
  private Emulator emulator;

  TwoGpusServerTest(@TempDir Path folder) {
    llama = TinyCheckpoint.copy("llama", folder);
    qwen = TinyCheckpoint.copy("qwen3", folder);
  }

  @BeforeEach
  void twoDevices() {
    emulator = GpuServer.emulator();
    emulator.set("devices", 2);
    // Less apart than one model takes.
    emulator.set("totalMemory@1", GpuServer.GPU_BYTES + (1 << 20));
  }

  @AfterEach
  void restoreMachine() {
    if (emulator != null) {
      emulator.set("totalMemory", 1L << 30);
      emulator.set("totalMemory@1", 0);
      emulator.set("devices", 1);
    }
  }

  private GpuServer serve(String device, TinyCheckpoint... models) {
    Path[] folders = new Path[models.length];
    for (int i = 0; i < models.length; i++) {
      folders[i] = models[i].folder();
    }
    return new GpuServer(emulator, device, folders);
  }

  private static String greedy(TinyCheckpoint model) {
    return "{\"model\":\"%s\",\"prompt\":%s,\"max_tokens\":%d,\"ignore_eos\":true,\"temperature\":0}"
        .formatted(model.folder().getFileName(), model.prompt(), TOKENS);
  }

  private static void assertAnswers(GpuServer server, TinyCheckpoint model) {
    String expected =
        model.greedy().stream().limit(TOKENS).map(id -> " w" + id).collect(Collectors.joining());
    assertEquals(expected, server.choice(greedy(model)).path("text").asText());
  }

  @Test
  void twoModelsGoToDifferentGpusAndAFaultOfOneIsNotTheOthers() {
    try (GpuServer server = serve("auto", llama, qwen)) {
      assertEquals("cuda:1", server.model(0).device().name());
      assertEquals("cuda:0", server.model(1).device().name());
      assertAnswers(server, llama);
      assertAnswers(server, qwen);
      String metrics = server.get("/metrics").body();
      for (String device : new String[] {"cuda:0", "cuda:1"}) {
        String series = "quern:gpu_memory_held_bytes{device=\"" + device + "\",tag=\"weights\",} ";
        assertTrue(metrics.contains(series), metrics);
      }
      emulator.fail("cuLaunchKernel@1", 10, ILLEGAL_ADDRESS);
      assertAnswers(server, qwen);
      HttpResponse<String> failed = server.complete(greedy(llama));
      assertEquals(503, failed.statusCode(), failed.body());
      assertAnswers(server, llama);
      assertAnswers(server, qwen);
    }
  }

  @Test
  void theSecondGpuServesWhereItIsNamed() {
    try (GpuServer server = serve("cuda:1", llama)) {
      assertEquals("cuda:1", server.model(0).device().name());
      assertAnswers(server, llama);
    }
  }

  @Test
  void aGpuThatIsTooSmallIsNamedAndPassedOver() {
    emulator.set("totalMemory@1", 3 << 20);
    QuernException error = assertThrows(QuernException.class, () -> serve("cuda:1", llama).close());
    assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    assertTrue(error.message().contains("cuda:1 ("), error.message());
    assertTrue(error.message().contains("held: "), error.message());
    try (GpuServer server = serve("auto", llama)) {
      assertEquals("cuda:0", server.model(0).device().name());
      assertAnswers(server, llama);
    }
  }
}
