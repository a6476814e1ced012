package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.ForwardBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How the queries of a step are cut for attention.
 *
 * <p>A prefill goes in pieces of {@value #ROWS} rows, each over the keys up to its last row: what
 * causality hides is mostly not computed. A call of libtorch for each decoded token would cost more
 * than its arithmetic, so they go together, see {@link Decoding}.
 *
 * @param single one call each
 * @param together one call a list; all of one row, padded to the largest
 * @param decoded one call for all; all of one row
 */
record AttentionPieces(List<Piece> single, List<List<Piece>> together, List<Piece> decoded) {
  /** What becomes of pieces of one row. */
  enum Decoding {
    /** A call each: nothing is shared, so that company changes no rounding. */
    ALONE,
    /** Contexts of about the same length share a call, padded to the same number of blocks. */
    GROUPED,
    /** Our own kernel takes all at once, and each as if it were alone. */
    OWN_KERNEL
  }

  /** Queries of one call: for bf16 the fastest of 16, 32, 64, 128 and 256. */
  static final int ROWS = 64;

  /**
   * Contexts of at most so many keys may be gathered beside others: beyond it the copy of the keys
   * costs more than a call.
   */
  static final int MOST_KEYS_TOGETHER = 1024;

  /** Bounds what one gather takes: keys of all members, padding included. */
  static final int MOST_KEYS_OF_A_GROUP = 8192;

  /**
   * Some rows of one sequence and the keys that any of them may see.
   *
   * @param row first row in the step's tokens
   * @param keys keys up to the last row's own, from the first that the first row's window reaches
   * @param start slot of the first key within the first of {@code blocks}
   * @param windowed whether rows of this piece see different first keys
   * @param blocks the blocks that hold the keys, in order
   */
  record Piece(int row, int rows, int keys, int start, boolean windowed, int[] blocks) {
    /** Whether the keys lie in one run of slots. */
    boolean inOneRun() {
      for (int i = 1; i < blocks.length; i++) {
        if (blocks[i] != blocks[i - 1] + 1) {
          return false;
        }
      }
      return true;
    }

    /** Whether row i sees keys 0 to i and no row sees less. */
    boolean plainlyCausal() {
      return rows == keys && !windowed;
    }
  }

  /**
   * Cuts a step.
   *
   * @param window tokens a query sees, itself included; 0: all
   */
  static AttentionPieces of(ForwardBatch batch, int window, int blockSize, Decoding decoding) {
    List<Piece> single = new ArrayList<>();
    List<Piece> decoded = new ArrayList<>();
    Map<Integer, List<Piece>> buckets = new TreeMap<>();
    for (int s = 0; s < batch.sequences(); s++) {
      int end = batch.queryStarts()[s + 1];
      for (int row = batch.queryStarts()[s]; row < end; row += ROWS) {
        int rows = Math.min(ROWS, end - row);
        Piece piece = piece(batch, s, row, rows, window, blockSize);
        if (rows == 1 && decoding == Decoding.OWN_KERNEL) {
          decoded.add(piece);
        } else if (rows == 1
            && decoding == Decoding.GROUPED
            && piece.keys() <= MOST_KEYS_TOGETHER) {
          buckets.computeIfAbsent(bucket(piece.blocks().length), _ -> new ArrayList<>()).add(piece);
        } else {
          single.add(piece);
        }
      }
    }
    List<List<Piece>> together = new ArrayList<>();
    buckets.forEach((blocks, pieces) -> group(pieces, blocks * blockSize, single, together));
    return new AttentionPieces(single, together, decoded);
  }

  private static Piece piece(
      ForwardBatch batch, int sequence, int row, int rows, int window, int blockSize) {
    int context =
        batch.contextLengths()[sequence] - (batch.queryStarts()[sequence + 1] - row - rows);
    int first = window == 0 ? 0 : Math.max(0, context - rows - window + 1);
    int keys = context - first;
    int[] blocks =
        Arrays.copyOfRange(
            batch.blockTables()[sequence], first / blockSize, (context - 1) / blockSize + 1);
    return new Piece(row, rows, keys, first % blockSize, window > 0 && keys > window, blocks);
  }

  /** Powers of two and their halfway marks, so that at most a third of the keys are padding. */
  private static int bucket(int blocks) {
    int power = Integer.highestOneBit(blocks);
    if (blocks == power) {
      return blocks;
    }
    int halfway = power + power / 2;
    return blocks <= halfway ? halfway : 2 * power;
  }

  private static void group(
      List<Piece> pieces, int keys, List<Piece> single, List<List<Piece>> together) {
    int most = Math.max(1, MOST_KEYS_OF_A_GROUP / keys);
    for (int from = 0; from < pieces.size(); from += most) {
      List<Piece> members = pieces.subList(from, Math.min(from + most, pieces.size()));
      if (members.size() == 1) {
        single.addAll(members);
      } else {
        together.add(List.copyOf(members));
      }
    }
  }

  /** Blocks that each member of a group is padded to. */
  static int paddedBlocks(List<Piece> members) {
    return members.stream().mapToInt(piece -> piece.blocks().length).max().orElse(0);
  }
}
