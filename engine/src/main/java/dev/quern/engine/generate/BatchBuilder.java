package dev.quern.engine.generate;

import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.ForwardBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Packs a plan's tokens for the model and says what is wanted of which rows of logits. */
final class BatchBuilder {
  private int[] logitRows = new int[64];

  /**
   * The input of a plan with at least one chunk.
   *
   * @param unread the tokens of the step before, where they are not known yet
   */
  StepInput build(StepPlan plan, @Nullable DrawnTokens unread) {
    int tokens = plan.tokens();
    int count = plan.chunks.size();
    int[] tokenIds = new int[tokens];
    int[] positions = new int[tokens];
    int[] slots = new int[tokens];
    int[] queryStarts = new int[count + 1];
    int[] contextLengths = new int[count];
    int[][] blockTables = new int[count][];
    List<LogitRows> rows = new ArrayList<>(count);
    List<Draw> draws = new ArrayList<>();
    boolean namesUnread = false;
    for (int c = 0; c < count; c++) {
      Chunk chunk = plan.chunks.get(c);
      int start = queryStarts[c];
      int[] blocks = chunk.sequence().blockTable().array();
      namesUnread |= putTokens(chunk, tokenIds, start);
      for (int position = chunk.start(); position < chunk.end(); position++) {
        int i = start + position - chunk.start();
        positions[i] = position;
        slots[i] =
            blocks[position / BlockManager.BLOCK_SIZE] * BlockManager.BLOCK_SIZE
                + position % BlockManager.BLOCK_SIZE;
      }
      rows.add(wantLogits(chunk, start, draws));
      contextLengths[c] = chunk.end();
      blockTables[c] = blocks;
      queryStarts[c + 1] = start + chunk.length();
    }
    ForwardBatch batch =
        new ForwardBatch(
            tokenIds,
            positions,
            slots,
            queryStarts,
            contextLengths,
            blockTables,
            Arrays.copyOf(logitRows, draws.size()),
            namesUnread ? unread : null);
    return new StepInput(batch, new Draws(draws), List.copyOf(rows));
  }

  /** Returns whether the last token is named by the row it was drawn in. */
  private static boolean putTokens(Chunk chunk, int[] tokenIds, int start) {
    Sequence sequence = chunk.sequence();
    int known = Math.min(chunk.end(), sequence.tokenCount()) - chunk.start();
    System.arraycopy(sequence.tokens(), chunk.start(), tokenIds, start, known);
    if (known == chunk.length()) {
      return false;
    }
    tokenIds[start + known] = -(sequence.unreadRow + 1);
    return true;
  }

  private LogitRows wantLogits(Chunk chunk, int start, List<Draw> draws) {
    Sequence sequence = chunk.sequence();
    int first = draws.size();
    if (sequence.scoresPrompt()) {
      // The row of token p scores token p + 1; a recomputed prompt is not scored again.
      int end = Math.min(chunk.end(), sequence.promptLength() - 1);
      for (int p = Math.max(chunk.start(), sequence.scoresAsked); p < end; p++) {
        int token = sequence.tokens()[p + 1];
        want(start + p - chunk.start(), draws);
        draws.add(new Draw.Score(token, sequence.sampling().promptLogprobs()));
      }
    }
    int scored = draws.size() - first;
    boolean drawn =
        chunk.end() == sequence.tokenCount() + sequence.unread
            && sequence.drawn() < sequence.maxTokens();
    if (drawn) {
      want(start + chunk.length() - 1, draws);
      draws.add(sequence.choices().choice(sequence, sequence.drawn()));
    }
    return new LogitRows(first, scored, drawn);
  }

  /** Wants the logits of a token, for what is added to {@code draws} next. */
  private void want(int token, List<Draw> draws) {
    if (draws.size() == logitRows.length) {
      logitRows = Arrays.copyOf(logitRows, 2 * logitRows.length);
    }
    logitRows[draws.size()] = token;
  }
}
