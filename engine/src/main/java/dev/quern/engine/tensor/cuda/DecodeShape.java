package dev.quern.engine.tensor.cuda;

import dev.quern.engine.tensor.ForwardBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A size that decode batches are padded to: those in which every sequence computes one token whose
 * logits are wanted. There are few, so that few graphs serve all batches.
 *
 * <p>Rows are 1, 2, 4 and 8, for which the mat-vec kernels are made; then multiples of 16, what a
 * tensor core takes at once, up to 64, the tile of our GEMM; then of 32. A product of so few rows
 * takes as long as its weight takes to be read, so that rows of padding cost next to nothing.
 * Contexts double: blocks of attention that are left without a context leave at once.
 *
 * @param rows tokens, padding included
 * @param context tokens that the longest context may have
 */
record DecodeShape(int rows, int context) {
  /** Above, a step computes for so long that queueing it kernel by kernel does not show. */
  static final int MOST_ROWS = 512;

  private static final int LEAST_CONTEXT = 256;

  /** Of a token that no cache keeps. */
  private static final int NO_SLOT = -1;

  private static final int[] NO_BLOCKS = {};

  /** The shape for {@code batch}; null where it is not a decode batch, or a larger one. */
  static @Nullable DecodeShape of(ForwardBatch batch) {
    if (batch.tokens() > MOST_ROWS || !decodes(batch)) {
      return null;
    }
    int longest = Arrays.stream(batch.contextLengths()).max().orElseThrow();
    return new DecodeShape(padded(batch.tokens()), Math.max(LEAST_CONTEXT, ceilPower(longest)));
  }

  private static boolean decodes(ForwardBatch batch) {
    if (batch.sequences() != batch.tokens() || batch.logitRows().length != batch.tokens()) {
      return false;
    }
    for (int s = 0; s < batch.sequences(); s++) {
      if (batch.queryStarts()[s] != s) {
        return false;
      }
    }
    return true;
  }

  private static int padded(int rows) {
    if (rows <= 8) {
      return ceilPower(rows);
    }
    int step = rows <= 64 ? 16 : 32;
    return (rows + step - 1) / step * step;
  }

  private static int ceilPower(int value) {
    return value == 1 ? 1 : Math.multiplyExact(2, Integer.highestOneBit(value - 1));
  }

  /** Blocks of a row of the block tables. */
  int tableWidth(int blockSize) {
    return (context + blockSize - 1) / blockSize;
  }

  /**
   * {@code batch}, then rows of padding: token 0 at place 0, which is cached nowhere and sees
   * nothing. They are sequences without a context, and their logits are of no use.
   */
  ForwardBatch pad(ForwardBatch batch) {
    int tokens = batch.tokens();
    int[] slots = Arrays.copyOf(batch.slots(), rows);
    Arrays.fill(slots, tokens, rows, NO_SLOT);
    int[] starts = new int[rows + 1];
    Arrays.setAll(starts, s -> s);
    int[][] tables = Arrays.copyOf(batch.blockTables(), rows);
    Arrays.fill(tables, tokens, rows, NO_BLOCKS);
    return new ForwardBatch(
        Arrays.copyOf(batch.tokenIds(), rows),
        Arrays.copyOf(batch.positions(), rows),
        slots,
        starts,
        Arrays.copyOf(batch.contextLengths(), rows),
        tables,
        Arrays.copyOf(starts, rows),
        batch.drawn());
  }
}
