package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.Emulator;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Memory that runs out within a step, where all of it was taken before: as the driver might. */
@Timeout(600)
class GpuOutOfMemoryTest {
  private static final int TOKENS = 6;
  private static final int OUT_OF_MEMORY = 2;

  /** From 64 tokens a step to 16, below which there is no block of the cache. */
  private static final int SMALLER_STEPS = 2;

  private final TinyCheckpoint llama;

  GpuOutOfMemoryTest(@TempDir Path folder) {
    llama = TinyCheckpoint.copy("llama", folder);
  }

  @Test
  void stepsBecomeSmallerThenRequestsFailAndTheServerGoesOn() {
    String greedy =
        "{\"model\":\"llama\",\"prompt\":%s,\"max_tokens\":%d,\"ignore_eos\":true,\"temperature\":0}"
            .formatted(llama.prompt(), TOKENS);
    String expected =
        llama.greedy().stream().limit(TOKENS).map(id -> " w" + id).collect(Collectors.joining());
    Emulator emulator = GpuServer.emulator();
    try (GpuServer server = new GpuServer(emulator, "cuda:0", llama.folder())) {
      for (int i = 0; i < SMALLER_STEPS; i++) {
        // Past the embedding and the first layers: some of the step is queued already.
        emulator.fail("cuLaunchKernel", 10, OUT_OF_MEMORY);
        assertEquals(expected, server.choice(greedy).path("text").asText());
      }
      emulator.fail("cuLaunchKernel", 10, OUT_OF_MEMORY);
      HttpResponse<String> failed = server.complete(greedy);
      assertEquals(503, failed.statusCode(), failed.body());
      assertTrue(failed.body().contains("send it again"), failed.body());
      assertTrue(failed.body().contains("OUT_OF_MEMORY"), failed.body());
      assertEquals(expected, server.choice(greedy).path("text").asText());
      assertEquals(200, server.get("/health").statusCode());
    } finally {
      emulator.set("totalMemory", 1L << 30);
    }
  }
}
