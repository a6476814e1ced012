package dev.quern.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.CudaSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Which GPU, and whether: what needs no driver. */
class GpuChoiceTest {
  private static final long GIBI = 1L << 30;

  // CUresult.
  private static final int OUT_OF_MEMORY = 2;
  private static final int ILLEGAL_ADDRESS = 700;

  @Test
  void ofSeveralGpusThatWithMostFreeMemoryIsTaken() {
    assertEquals(1, roomiest(3 * GIBI, 20 * GIBI, 7 * GIBI));
    assertEquals(0, roomiest(9 * GIBI, 9 * GIBI));
    assertEquals(2, roomiest(1, 2, 3));
  }

  @Test
  void anEstimateCountsWeightsOneRequestAndAStep() throws URISyntaxException {
    Checkpoint llama =
        Checkpoint.open(
            Path.of(
                Objects.requireNonNull(GpuChoiceTest.class.getResource("/families/llama"))
                    .toURI()));
    ModelSettings settings = ModelSettings.defaults();
    MemoryEstimate half = MemoryEstimate.of(llama, settings, DType.BF16);
    assertEquals(2 * llama.parameters(), half.weights());
    // 2 layers, 2 heads of 16, keys and values, in bf16; the context is 128 tokens.
    assertEquals(2 * 2 * 2 * 16 * 2 * 128, half.request());
    assertEquals(2048L * (8 * 64 + 3 * 80) * 2 + 64 * 256 * 4, half.step());
    assertEquals(half.weights() + half.request() + half.step(), half.total());
    assertEquals(2 * half.weights(), MemoryEstimate.of(llama, settings, DType.F32).weights());
  }

  @Test
  void anEncoderIsRefusedOnAGpuByNameAndGoesToTheCpuByItself() {
    try (Devices devices = new Devices(GpuSettings.defaults())) {
      QuernException error =
          assertThrows(QuernException.class, () -> devices.encoder("minilm", on("cuda:0")));
      assertEquals(ErrorCategory.UNAVAILABLE, error.category());
      assertEquals("device", error.field());
      assertTrue(error.message().startsWith("minilm "), error.message());
      assertTrue(error.message().contains("--device cpu"), error.message());
      assertEquals("cpu", devices.encoder("minilm", on("auto")).device().name());
    }
  }

  @Test
  void anErrorThatCostsTheContextIsToldWhereverItIsWrapped() {
    CudaException lost = new CudaException(ILLEGAL_ADDRESS, "illegal address");
    CudaException full = new CudaException(OUT_OF_MEMORY, "full");
    assertTrue(GpuOpener.losesContext(lost));
    assertTrue(GpuOpener.losesContext(new QuernException(ErrorCategory.INTERNAL, "argmax", lost)));
    assertFalse(GpuOpener.losesContext(full));
    assertFalse(GpuOpener.losesContext(new IllegalStateException("a bug")));
  }

  @Test
  void aShareOfMemoryIsAboveNothingAndAtMostAll() {
    for (double share : new double[] {0, -1, 1.01, Double.NaN}) {
      QuernException error =
          assertThrows(
              QuernException.class,
              () -> new GpuSettings(share, true, CudaSettings.DEFAULTS),
              "" + share);
      assertEquals("gpu-memory-utilization", error.field());
    }
  }

  private static int roomiest(long... freeBytes) {
    List<Gpus.Candidate> candidates = new ArrayList<>();
    for (int ordinal = 0; ordinal < freeBytes.length; ordinal++) {
      candidates.add(
          new Gpus.Candidate(
              new CudaDevice(ordinal, "Test GPU", 9, 0, 132, 232_448, 80 * GIBI),
              freeBytes[ordinal]));
    }
    return Gpus.roomiest(candidates).device().ordinal();
  }

  private static ModelSettings on(String device) {
    ModelSettings defaults = ModelSettings.defaults();
    return new ModelSettings(
        device,
        defaults.dtype(),
        defaults.maxModelLength(),
        defaults.maxNumSequences(),
        defaults.maxNumBatchedTokens(),
        defaults.kvCacheBytes(),
        defaults.maxWaiting(),
        defaults.threads());
  }
}
