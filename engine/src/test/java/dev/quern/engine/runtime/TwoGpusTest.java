package dev.quern.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaSettings;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.cuda.TestGpu;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where models go on a host with two GPUs. */
class TwoGpusTest {
  private static final long MEBI = 1L << 20;

  private final Emulator emulator = TestGpu.emulator();
  private final Checkpoint llama = llama();

  @BeforeEach
  void twoDevices() {
    emulator.setMode(EmulatorMode.DEFAULT);
    emulator.set("devices", 2);
    emulator.set("totalMemory", 100 * MEBI);
    emulator.set("totalMemory@1", 120 * MEBI);
  }

  @AfterEach
  void restoreMachine() {
    CudaDriver driver = CudaDriver.open(emulator.library());
    // What hold() took outlives its thread here, where a driver would free it with the context.
    driver.devices().forEach(device -> CudaContext.reset(driver, device));
    emulator.set("devices", 1);
    emulator.set("totalMemory", 1L << 30);
    emulator.set("totalMemory@1", 0);
  }

  private Devices devices() {
    return new Devices(new GpuSettings(0.9, true, new CudaSettings(emulator.library(), List.of())));
  }

  private static Checkpoint llama() {
    try {
      return Checkpoint.open(
          Path.of(
              Objects.requireNonNull(TwoGpusTest.class.getResource("/families/llama")).toURI()));
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void eachModelGoesWhereMostIsFreeThen() {
    try (Devices devices = devices()) {
      Placement first = devices.languageModel("first", llama, on("auto"));
      assertEquals("cuda:1", first.device().name());
      assertTrue(first.isChosenGpu());
      hold(first, 40 * MEBI);
      Placement second = devices.languageModel("second", llama, on("auto"));
      assertEquals("cuda:0", second.device().name());
      hold(second, 40 * MEBI);
      assertEquals("cuda:1", devices.languageModel("third", llama, on("auto")).device().name());
    }
  }

  /** As a model's KV cache would, until the device is closed. */
  private static void hold(Placement placement, long bytes) {
    KvCacheShape shape = new KvCacheShape(1, 1, 8, DType.F32, 1 << 14);
    int blocks = (int) (bytes / shape.bytesPerBlock());
    placement.thread().call(backend -> backend.kvCache(shape, blocks));
  }

  @Test
  void oneThatIsNamedIsTakenWhateverIsFree() {
    try (Devices devices = devices()) {
      Placement named = devices.languageModel("first", llama, on("cuda:0"));
      assertEquals("cuda:0", named.device().name());
      assertFalse(named.isChosenGpu());
      assertEquals("cuda:1", devices.languageModel("first", llama, on("cuda:1")).device().name());
    }
  }

  @Test
  void oneThatIsNotThereIsRefusedWithThoseThatAre() {
    try (Devices devices = devices()) {
      QuernException error =
          assertThrows(
              QuernException.class, () -> devices.languageModel("first", llama, on("cuda:2")));
      assertEquals(ErrorCategory.UNAVAILABLE, error.category());
      assertEquals("device", error.field());
      assertTrue(error.message().contains("there is no cuda:2"), error.message());
      assertTrue(error.message().contains("cuda:0 (Emulated device"), error.message());
      assertTrue(error.message().contains("cuda:1 (Emulated device"), error.message());
    }
  }

  @Test
  void whereItFitsNeitherItGoesToTheCpu() {
    emulator.set("totalMemory", MEBI);
    emulator.set("totalMemory@1", MEBI);
    try (Devices devices = devices()) {
      assertEquals("cpu", devices.languageModel("first", llama, on("auto")).device().name());
    }
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
