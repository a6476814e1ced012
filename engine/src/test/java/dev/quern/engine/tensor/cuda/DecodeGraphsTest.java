package dev.quern.engine.tensor.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.ForwardPass;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * How long graphs live, with passes of one kernel: twice the batch's ids, which are fp32's bits.
 */
class DecodeGraphsTest {
  private static final KvCacheShape CACHE = new KvCacheShape(1, 1, 8, DType.F32, 16);

  private Backend backend;
  private KvCache cache;

  @BeforeEach
  void open() {
    backend = TestGpu.open(EmulatorMode.DEFAULT);
    cache = backend.kvCache(CACHE, 4);
    // Memory is taken once, so that what follows is counted from none.
    run(pass(), cache, 1);
  }

  @AfterEach
  void close() {
    if (backend != null) {
      cache.close();
      backend.close();
    }
  }

  @Test
  void onlyRowsOfTheBatchAreShown() {
    ForwardPass pass = pass();
    for (float first : new float[] {1, 2, 3, 4}) {
      assertArrayEquals(
          new float[] {2 * first, 20, 200}, run(pass, cache, first, 10, 100), "first " + first);
    }
    assertPasses(2, 1, 2);
  }

  @Test
  void graphsAreBoundedAndTheLeastRecentlyUsedGoes() {
    int most = 64;
    List<ForwardPass> passes = new ArrayList<>();
    long one = 0;
    for (int i = 0; i <= most; i++) {
      passes.add(pass());
      run(passes.getLast(), cache, 1);
      run(passes.getLast(), cache, 2);
      one = i == 0 ? graphBytes() : one;
      if (i < most) {
        // Used again and again.
        run(passes.getFirst(), cache, 3);
      }
    }
    assertEquals(most * one, graphBytes());
    assertPasses(most + 2, most + 1, most);
    run(passes.getFirst(), cache, 4);
    run(passes.getLast(), cache, 4);
    assertPasses(most + 2, most + 1, most + 2);
    run(passes.get(1), cache, 4);
    assertPasses(most + 3, most + 1, most + 2);
  }

  @Test
  void graphsGoWithTheirCacheAndWithWeights() {
    ForwardPass pass = pass();
    KvCache other = backend.kvCache(CACHE, 2);
    for (int step = 0; step < 2; step++) {
      run(pass, cache, 1);
      run(pass, other, 1);
    }
    long both = graphBytes();
    other.close();
    assertEquals(both / 2, graphBytes());
    run(pass, cache, 1);
    assertPasses(3, 2, 1);
    WeightLoader loader = backend.weights(DType.F32);
    loader.close();
    assertFalse(backend.heldBytes().containsKey("graphs"));
    assertArrayEquals(new float[] {10}, run(pass, cache, 5));
    assertPasses(4, 2, 1);
  }

  /** It would be written over what the first has left. */
  @Test
  void theSecondPassOfAStepIsNotReplayed() {
    ForwardPass pass = pass();
    run(pass, cache, 1);
    run(pass, cache, 1);
    try (Workspace _ = backend.openWorkspace()) {
      Tensor first = backend.run(batch(3), cache, pass);
      Tensor second = backend.run(batch(4), cache, pass);
      assertArrayEquals(new float[] {6}, backend.toHost(first));
      assertArrayEquals(new float[] {8}, backend.toHost(second));
    }
    assertPasses(3, 1, 1);
  }

  private float[] run(ForwardPass pass, KvCache over, float... values) {
    try (Workspace _ = backend.openWorkspace()) {
      return backend.toHost(backend.run(batch(values), over, pass));
    }
  }

  /** Each call makes another. */
  private ForwardPass pass() {
    return new ForwardPass() {
      @Override
      public Tensor forward(DeviceBatch batch, KvCache over) {
        CudaTensor ids = CudaTensor.of(batch.tokenIds());
        return backend.scale(
            new CudaTensor(ids.buffer(), DType.F32, new long[] {ids.rows(), 1}), 2);
      }
    };
  }

  private static ForwardBatch batch(float... values) {
    int rows = values.length;
    int[] ids = new int[rows];
    int[] starts = new int[rows + 1];
    int[] lengths = new int[rows];
    int[] logitRows = new int[rows];
    for (int row = 0; row < rows; row++) {
      ids[row] = Float.floatToRawIntBits(values[row]);
      starts[row + 1] = row + 1;
      lengths[row] = 1;
      logitRows[row] = row;
    }
    return new ForwardBatch(
        ids, new int[rows], new int[rows], starts, lengths, new int[rows][1], logitRows);
  }

  private long graphBytes() {
    return backend.heldBytes().getOrDefault("graphs", 0L);
  }

  /** With the one pass that {@link #open} has run. */
  private void assertPasses(long kernels, long recorded, long replayed) {
    assertEquals(
        Map.of("kernels", kernels, "recorded", recorded, "replayed", replayed), backend.passes());
  }
}
