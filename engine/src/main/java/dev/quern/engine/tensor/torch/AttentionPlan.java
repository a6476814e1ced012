package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.torch.AttentionPieces.Piece;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the queries of a step find their keys, made once for all layers that attend alike; the form
 * in which {@code attention.py} takes {@link AttentionPieces}.
 *
 * @param pieces flat, 5 numbers a piece: first row, rows, keys, first slot of the keys (after the
 *     gather, where there is one), plainly causal
 * @param masks list of additive masks {@code [rows, keys]}, empty where none is needed
 * @param tables list of block numbers to gather, empty where the keys are one run of slots
 * @param groupRows list of the rows {@code [members]} of each group
 * @param groupMasks list of additive masks {@code [members, 1, 1, keys]}
 * @param groupTables list of block numbers {@code [members * blocks]}
 * @param decoded {@code [count, 4]}: row, keys, start in the first block, first of the blocks
 * @param decodedBlocks block numbers of all of these
 */
record AttentionPlan(
    IValue pieces,
    IValue masks,
    IValue tables,
    IValue groupRows,
    IValue groupMasks,
    IValue groupTables,
    IValue decoded,
    IValue decodedBlocks) {
  /**
   * Layers with equal keys share a plan.
   *
   * @param explicitCausal whether causality must be a mask, because scores are composed
   * @param ownKernel whether decoded tokens go to our own kernel
   */
  record Key(int window, boolean explicitCausal, int blockSize, DType dtype, boolean ownKernel) {
    /** In fp32 a token's result is the same bits in any company. */
    AttentionPieces.Decoding decoding() {
      if (ownKernel) {
        return AttentionPieces.Decoding.OWN_KERNEL;
      }
      return dtype == DType.F32 ? AttentionPieces.Decoding.ALONE : AttentionPieces.Decoding.GROUPED;
    }

    DType maskType() {
      return explicitCausal ? DType.F32 : dtype;
    }
  }

  static AttentionPlan make(
      ForwardBatch batch, Key key, TorchScript attention, TorchArena workspace) {
    AttentionPieces cut = AttentionPieces.of(batch, key.window, key.blockSize, key.decoding());
    IValue[] single = singlePieces(cut.single(), key, attention);
    IValue[] groups = groups(cut.together(), key, attention);
    IValue[] decoded = decoded(cut.decoded(), attention);
    return new AttentionPlan(
        workspace.keep(single[0]),
        workspace.keep(single[1]),
        workspace.keep(single[2]),
        workspace.keep(groups[0]),
        workspace.keep(groups[1]),
        workspace.keep(groups[2]),
        workspace.keep(decoded[0]),
        workspace.keep(decoded[1]));
  }

  private static IValue[] decoded(List<Piece> pieces, TorchScript attention) {
    long[] tokens = new long[4 * pieces.size()];
    List<int[]> blocks = new ArrayList<>();
    int first = 0;
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      set(tokens, i, piece.row(), piece.keys(), piece.start(), first);
      blocks.add(piece.blocks());
      first += piece.blocks().length;
    }
    try (IValue plan = attention.call("plan_decoded", tokens, flat(blocks))) {
      return plan.toIValueTuple();
    }
  }

  private static IValue[] singlePieces(List<Piece> pieces, Key key, TorchScript attention) {
    long[] sequences = new long[5 * pieces.size()];
    long[] shapes = new long[4 * pieces.size()];
    List<int[]> gathered = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      boolean causal = piece.rows() > 1 && piece.plainlyCausal() && !key.explicitCausal;
      boolean masked = piece.rows() > 1 && !causal;
      boolean run = piece.inOneRun();
      int start = piece.start() + (run ? piece.blocks()[0] * key.blockSize : 0);
      set(sequences, i, piece.row(), piece.rows(), piece.keys(), start, causal ? 1 : 0);
      set(shapes, i, piece.rows(), piece.keys(), masked ? 1 : 0, run ? 0 : piece.blocks().length);
      if (!run) {
        gathered.add(piece.blocks());
      }
    }
    IValue plan =
        attention.call("plan", shapes, flat(gathered), key.window, ScalarTypes.of(key.maskType()));
    try (plan) {
      IValue[] parts = plan.toIValueTuple();
      return new IValue[] {IValue.listFrom(sequences), parts[0], parts[1]};
    }
  }

  private static IValue[] groups(List<List<Piece>> groups, Key key, TorchScript attention) {
    long[] shapes = new long[2 * groups.size()];
    List<long[]> members = new ArrayList<>();
    List<int[]> gathered = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      List<Piece> group = groups.get(i);
      int blocks = AttentionPieces.paddedBlocks(group);
      set(shapes, i, group.size(), blocks);
      for (Piece piece : group) {
        members.add(new long[] {piece.row(), piece.start(), piece.start() + piece.keys()});
        gathered.add(padded(piece.blocks(), blocks));
      }
    }
    long[] flatMembers = members.stream().flatMapToLong(Arrays::stream).toArray();
    IValue plan =
        attention.call(
            "plan_groups",
            shapes,
            flatMembers,
            flat(gathered),
            key.blockSize,
            ScalarTypes.of(key.maskType()));
    try (plan) {
      return plan.toIValueTuple();
    }
  }

  /** A sequence pads with a block of its own, whose numbers are as finite as the rest of it. */
  private static int[] padded(int[] blocks, int count) {
    int[] filled = Arrays.copyOf(blocks, count);
    Arrays.fill(filled, blocks.length, count, blocks[0]);
    return filled;
  }

  private static void set(long[] flat, int row, int... numbers) {
    for (int i = 0; i < numbers.length; i++) {
      flat[numbers.length * row + i] = numbers[i];
    }
  }

  private static long[] flat(List<int[]> rows) {
    return rows.stream().flatMapToInt(Arrays::stream).asLongStream().toArray();
  }
}
