package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import java.util.Arrays;

/**
 * Where each sequence of a step finds its keys, made once for all layers that attend alike.
 *
 * @param sequences flat, 4 numbers a sequence: rows, keys, first slot of the keys, plainly causal
 * @param masks list of additive masks {@code [rows, keys]}, empty where none is needed
 * @param tables list of block numbers to gather, empty where the keys are one run of slots
 */
record AttentionPlan(IValue sequences, IValue masks, IValue tables) {
  /**
   * Layers with equal keys share a plan.
   *
   * @param explicitCausal whether causality must be a mask, because scores are composed
   */
  record Key(int window, boolean explicitCausal, int blockSize, DType dtype) {}

  static AttentionPlan make(
      ForwardBatch batch, Key key, TorchScript attention, TorchArena workspace) {
    int count = batch.sequences();
    long[] sequences = new long[4 * count];
    long[] shapes = new long[4 * count];
    long[] blocks = new long[0];
    for (int s = 0; s < count; s++) {
      int rows = batch.queryStarts()[s + 1] - batch.queryStarts()[s];
      int context = batch.contextLengths()[s];
      int first = key.window == 0 ? 0 : Math.max(0, context - rows - key.window + 1);
      int keys = context - first;
      boolean windowed = key.window > 0 && keys > key.window;
      boolean plain = rows == keys && !windowed && !key.explicitCausal;
      boolean masked = rows > 1 && !plain;
      int firstBlock = first / key.blockSize;
      int[] used =
          Arrays.copyOfRange(batch.blockTables()[s], firstBlock, (context - 1) / key.blockSize + 1);
      boolean run = isRun(used);
      int start = first % key.blockSize + (run ? used[0] * key.blockSize : 0);
      set(sequences, s, rows, keys, start, rows > 1 && plain ? 1 : 0);
      set(shapes, s, rows, keys, masked ? 1 : 0, run ? 0 : used.length);
      if (!run) {
        blocks = appended(blocks, used);
      }
    }
    int dtype = ScalarTypes.of(key.explicitCausal ? DType.F32 : key.dtype);
    IValue plan = attention.call("plan", shapes, blocks, key.window, dtype);
    try (plan) {
      IValue[] parts = plan.toIValueTuple();
      return new AttentionPlan(
          workspace.keep(IValue.listFrom(sequences)),
          workspace.keep(parts[0]),
          workspace.keep(parts[1]));
    }
  }

  private static void set(long[] flat, int sequence, int a, int b, int c, int d) {
    flat[4 * sequence] = a;
    flat[4 * sequence + 1] = b;
    flat[4 * sequence + 2] = c;
    flat[4 * sequence + 3] = d;
  }

  private static boolean isRun(int[] blocks) {
    for (int i = 1; i < blocks.length; i++) {
      if (blocks[i] != blocks[i - 1] + 1) {
        return false;
      }
    }
    return true;
  }

  private static long[] appended(long[] blocks, int[] more) {
    long[] all = Arrays.copyOf(blocks, blocks.length + more.length);
    for (int i = 0; i < more.length; i++) {
      all[blocks.length + i] = more[i];
    }
    return all;
  }
}
