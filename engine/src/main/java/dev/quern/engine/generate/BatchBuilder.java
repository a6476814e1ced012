package dev.quern.engine.generate;

import dev.quern.engine.tensor.ForwardBatch;
import java.util.Arrays;
import java.util.List;

/** Packs a plan's tokens for the model and marks whose rows of logits are wanted. */
final class BatchBuilder {
  private int[] logitRows = new int[64];

  /**
   * The batch of a plan with at least one sequence. Sets each sequence's {@code firstLogitRow},
   * {@code scoreRows} (rows that score prompt tokens, which come first) and {@code sampled}
   * (whether one more row is for its next token).
   */
  ForwardBatch build(StepPlan plan) {
    List<Sequence> sequences = plan.sequences;
    int count = sequences.size();
    int[] tokenIds = new int[plan.tokens];
    int[] positions = new int[plan.tokens];
    int[] slots = new int[plan.tokens];
    int[] queryStarts = new int[count + 1];
    int[] contextLengths = new int[count];
    int[][] blockTables = new int[count][];
    int rows = 0;
    int start = 0;
    for (int s = 0; s < count; s++) {
      Sequence sequence = sequences.get(s);
      int from = sequence.computed();
      int to = from + sequence.chunk;
      int[] blocks = sequence.blockTable().array();
      System.arraycopy(sequence.tokens(), from, tokenIds, start, sequence.chunk);
      for (int position = from; position < to; position++) {
        int i = start + position - from;
        positions[i] = position;
        slots[i] =
            blocks[position / BlockManager.BLOCK_SIZE] * BlockManager.BLOCK_SIZE
                + position % BlockManager.BLOCK_SIZE;
      }
      rows = wantLogits(sequence, start, from, to, rows);
      contextLengths[s] = to;
      blockTables[s] = blocks;
      start += sequence.chunk;
      queryStarts[s + 1] = start;
    }
    return new ForwardBatch(
        tokenIds,
        positions,
        slots,
        queryStarts,
        contextLengths,
        blockTables,
        Arrays.copyOf(logitRows, rows));
  }

  private int wantLogits(Sequence sequence, int start, int from, int to, int rowsBefore) {
    int rows = rowsBefore;
    sequence.firstLogitRow = rows;
    if (sequence.scoresPrompt()) {
      // The row of token p scores token p + 1; a recomputed prompt is not scored again.
      int first = Math.max(from, sequence.promptScores().size());
      for (int p = first; p < Math.min(to, sequence.promptLength() - 1); p++) {
        rows = add(rows, start + p - from);
      }
    }
    sequence.scoreRows = rows - rowsBefore;
    sequence.sampled = to == sequence.tokenCount() && sequence.generated() < sequence.maxTokens();
    return sequence.sampled ? add(rows, start + sequence.chunk - 1) : rows;
  }

  private int add(int rows, int row) {
    if (rows == logitRows.length) {
      logitRows = Arrays.copyOf(logitRows, 2 * rows);
    }
    logitRows[rows] = row;
    return rows + 1;
  }
}
