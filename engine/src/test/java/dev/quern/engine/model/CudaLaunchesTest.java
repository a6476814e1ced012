package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import dev.quern.engine.tensor.cuda.TestGpu;
import dev.quern.store.Checkpoint;
import dev.quern.store.QuernException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many kernels a decode step launches: with small models that is what a step costs. */
class CudaLaunchesTest {
  private static final int A_LAYER = 8;

  /** The embedding, the first norm and the head. */
  private static final int AROUND = 3;

  /** The one failure after which the look-alike's context stays sound. */
  private static final int OUT_OF_MEMORY = 2;

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 8})
  void aDecodeStepOfLlamaLaunchesEightKernelsALayer(int sequences) {
    Checkpoint checkpoint = Checkpoint.open(Golden.families().resolve("llama"));
    try (Backend backend = TestGpu.open(EmulatorMode.DEFAULT);
        CausalModel model =
            Models.load(checkpoint, backend, LoadOptions.defaults().withDtype(DType.BF16));
        KvCache cache = backend.kvCache(model.kvCacheShape(16), sequences);
        Workspace _ = backend.openWorkspace()) {
      int launches = A_LAYER * model.kvCacheShape(16).layers() + AROUND;
      TestGpu.emulator().fail("cuLaunchKernel", launches, OUT_OF_MEMORY);
      Tensor logits = model.forward(firstTokens(sequences), cache);
      // All of them were needed: the next one fails.
      assertThrows(QuernException.class, () -> backend.argmax(logits));
    }
  }

  /** Once it has been recorded: nothing is launched but the graph and the argmax behind it. */
  @Test
  void aReplayedStepIsOneLaunch() {
    Checkpoint checkpoint = Checkpoint.open(Golden.families().resolve("llama"));
    Emulator emulator = TestGpu.emulator();
    try (Backend backend = TestGpu.open(EmulatorMode.DEFAULT);
        CausalModel model =
            Models.load(checkpoint, backend, LoadOptions.defaults().withDtype(DType.BF16));
        KvCache cache = backend.kvCache(model.kvCacheShape(16), 5)) {
      // The first step of all takes memory, the second is the first over memory that stays.
      for (int step = 0; step < 3; step++) {
        runStep(backend, model, cache);
      }
      long kernels = emulator.calls("cuLaunchKernel");
      long graphs = emulator.calls("cuGraphLaunch");
      long copies = emulator.calls("cuMemcpyHtoDAsync_v2");
      runStep(backend, model, cache);
      assertEquals(1, emulator.calls("cuLaunchKernel") - kernels);
      assertEquals(1, emulator.calls("cuGraphLaunch") - graphs);
      assertEquals(1, emulator.calls("cuMemcpyHtoDAsync_v2") - copies);
    }
  }

  private static void runStep(Backend backend, CausalModel model, KvCache cache) {
    try (Workspace _ = backend.openWorkspace()) {
      assertEquals(5, backend.argmax(model.forward(firstTokens(5), cache)).length);
    }
  }

  /** The first token of each sequence, which has a block of its own. */
  private static ForwardBatch firstTokens(int sequences) {
    int[] slots = new int[sequences];
    Arrays.setAll(slots, s -> 16 * s);
    int[] starts = new int[sequences + 1];
    Arrays.setAll(starts, s -> s);
    int[] rows = new int[sequences];
    Arrays.setAll(rows, s -> s);
    int[] contexts = new int[sequences];
    Arrays.fill(contexts, 1);
    int[][] tables = new int[sequences][];
    Arrays.setAll(tables, s -> new int[] {s});
    return new ForwardBatch(
        new int[sequences], new int[sequences], slots, starts, contexts, tables, rows);
  }
}
