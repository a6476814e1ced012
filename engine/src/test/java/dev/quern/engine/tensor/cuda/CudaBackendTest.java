package dev.quern.engine.tensor.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.BackendContract;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** The contract on the emulated GPU, and what is CUDA's own. */
class CudaBackendTest extends BackendContract {
  @Override
  protected Backend open() {
    return TestGpu.open(EmulatorMode.DEFAULT);
  }

  @Test
  void everyOwnerFreesWhatItHeld() {
    long before = backend.freeMemoryBytes();
    try (WeightLoader loader = backend.weights(DType.BF16);
        KvCache cache = backend.kvCache(new KvCacheShape(2, 1, 8, DType.BF16, 16), 4);
        RopeTable rope = backend.ropeTable(new float[][] {{1}}, new float[][] {{0}})) {
      loader.tensor(stored(DType.BF16, 1, 8, 8).source());
      assertEquals(4, cache.blocks());
      assertEquals(1, rope.positions());
      assertTrue(backend.freeMemoryBytes() < before);
    }
    assertEquals(before, backend.freeMemoryBytes());
  }

  @Test
  void stepsLikeEachOtherTakeNoMoreMemory() {
    use(DType.BF16);
    Tensor table = weights.tensor(stored(DType.BF16, 1, 8, 1 << 16).source());
    runLargeStep(table);
    long afterFirst = backend.freeMemoryBytes();
    for (int step = 0; step < 5; step++) {
      runLargeStep(table);
      assertEquals(afterFirst, backend.freeMemoryBytes());
    }
  }

  /** Some megabytes, more than the memory that a step begins with. */
  private void runLargeStep(Tensor table) {
    try (Workspace _ = backend.openWorkspace()) {
      Tensor x =
          backend.embedding(table, backend.upload(tokens(0, 1, 2, 3, 4, 5, 6, 7)).tokenIds());
      for (int i = 0; i < 6; i++) {
        x = backend.add(x, x);
      }
    }
  }

  /** A hundred layers hold what two need, and not more the second time. */
  @Test
  void layersTakeTurnsOnTheSameMemory() {
    use(DType.BF16);
    Tensor table = weights.tensor(stored(DType.BF16, 1, 8, 1 << 16).source());
    long before = backend.freeMemoryBytes();
    for (int step = 0; step < 2; step++) {
      try (Workspace _ = backend.openWorkspace()) {
        Tensor x = backend.embedding(table, backend.upload(tokens(0, 1, 2, 3)).tokenIds());
        Backend.Residual state = new Backend.Residual(x, x);
        for (int layer = 0; layer < 100; layer++) {
          state =
              backend.throughLayer(
                  state,
                  last ->
                      new Backend.Residual(
                          backend.add(last.sum(), last.normed()), backend.scale(last.sum(), 2)));
        }
      }
      assertTrue(before - backend.freeMemoryBytes() <= 4 << 20);
    }
  }

  /** More uploads in one step than there are pinned places: none is overwritten too early. */
  @Test
  void manyBatchesOfOneStepArriveAsTheyWere() {
    use(DType.F32);
    Tensor table = weights.tensor(stored(DType.F32, 1, 64, 8).source());
    try (Workspace _ = backend.openWorkspace()) {
      DeviceBatch[] batches = new DeviceBatch[20];
      for (int i = 0; i < batches.length; i++) {
        batches[i] = backend.upload(tokens(i, i + 40));
      }
      for (int i = 0; i < batches.length; i++) {
        DeviceBatch again = backend.upload(tokens(i, i + 40));
        assertArrayEquals(
            backend.toHost(backend.embedding(table, again.tokenIds())),
            backend.toHost(backend.embedding(table, batches[i].tokenIds())));
      }
    }
  }

  @Test
  void memoryThatIsNotThereIsRefusedWithWhoHoldsWhat() {
    KvCacheShape shape = new KvCacheShape(1, 1, 8, DType.F32, 1 << 20);
    try (KvCache _ = backend.kvCache(shape, 6)) {
      int tooMany = (int) (backend.freeMemoryBytes() / shape.bytesPerBlock()) + 1;
      QuernException error =
          assertThrows(QuernException.class, () -> backend.kvCache(shape, tooMany));
      assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
      assertTrue(error.message().contains("kv-cache 384.0 MiB"), error.message());
    }
  }

  @Test
  void anotherThreadIsRefused() {
    FutureTask<WeightLoader> task =
        new FutureTask<>(
            () -> {
              WeightLoader loader = backend.weights(DType.F32);
              loader.tensor(stored(DType.F32, 1, 8, 8).source());
              return loader;
            });
    Thread.ofPlatform().start(task);
    ExecutionException error = assertThrows(ExecutionException.class, task::get);
    assertTrue(error.getCause() instanceof IllegalStateException, error.toString());
  }

  @Test
  void shapesThatNoKernelTakesSayWhy() {
    use(DType.F32);
    LinearWeight linear = weights.linear(List.of(stored(DType.F32, 1, 4, 8).source()), null);
    Stored x = stored(DType.F32, 1, 2, 16);
    try (Workspace _ = backend.openWorkspace()) {
      Tensor wrong = activations(x, 2);
      QuernException error =
          assertThrows(QuernException.class, () -> backend.linear(wrong, linear));
      assertEquals(ErrorCategory.INTERNAL, error.category());
      assertTrue(error.message().startsWith("CUDA cannot do linear: rows of 16"), error.message());
    }
  }

  @Test
  void encodersAreRefusedWithTheWayOut() {
    QuernException error = assertThrows(QuernException.class, backend::encoders);
    assertEquals(ErrorCategory.UNAVAILABLE, error.category());
    assertTrue(error.message().contains("--device cpu"), error.message());
  }
}
