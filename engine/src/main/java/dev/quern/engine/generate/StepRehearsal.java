package dev.quern.engine.generate;

import dev.quern.engine.model.CausalModel;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.LogitChanges;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Runs the largest steps once, over a cache of one block, so that the memory it needs is taken
 * before the rest is given to the KV cache. What it computes means nothing.
 */
final class StepRehearsal {
  private StepRehearsal() {}

  /**
   * Runs a step of all tokens and all sequences that {@code settings} allow, at the end of the
   * longest contexts; and one of a token of each, which backends may pad.
   *
   * @throws QuernException OUT_OF_MEMORY when such a step does not fit
   */
  static void run(Backend backend, CausalModel model, EngineSettings settings) {
    try (KvCache cache = backend.kvCache(model.kvCacheShape(BlockManager.BLOCK_SIZE), 1)) {
      run(backend, model, cache, largest(model, settings));
      run(backend, model, cache, decode(model, settings));
    } catch (QuernException e) {
      if (e.category() != ErrorCategory.OUT_OF_MEMORY) {
        throw e;
      }
      throw new QuernException(
          ErrorCategory.OUT_OF_MEMORY,
          "max-num-batched-tokens",
          "a step of --max-num-batched-tokens "
              + settings.maxNumBatchedTokens()
              + " does not fit beside the weights; lower it, or --max-num-seqs ("
              + e.message()
              + ")",
          e);
    }
  }

  private static void run(Backend backend, CausalModel model, KvCache cache, ForwardBatch batch) {
    try (Workspace _ = backend.openWorkspace()) {
      Tensor logits = model.forward(batch, cache);
      Draws draws = dearest(batch.logitRows().length, batch.sequences());
      // As many draws as may be open.
      try (DrawnTokens first = backend.draw(logits, draws);
          DrawnTokens second = backend.draw(logits, draws)) {
        first.ids();
        second.ids();
      }
    }
  }

  /**
   * Draws that take all the memory that drawing does, and little time: scores of prompt tokens, and
   * a choice for each sequence.
   */
  private static Draws dearest(int rows, int sequences) {
    LogitChanges changes =
        new LogitChanges(
            new int[0], new int[] {0}, new int[0], new float[0], LogitChanges.Penalties.NONE);
    List<Draw> draws =
        new ArrayList<>(
            Collections.nCopies(rows - sequences, new Draw.Score(0, /* logprobs= */ 1)));
    draws.addAll(
        Collections.nCopies(sequences, new Draw.Choice(changes, 0, 0, 1, 0, 0, /* logprobs= */ 1)));
    return new Draws(draws);
  }

  /**
   * As many sequences as there may be: one or few with long chunks, the others with a token. As
   * many rows of the first are scored, as a prompt's are, as a step scores at most.
   */
  static ForwardBatch largest(CausalModel model, EngineSettings settings) {
    int context = longestContext(model, settings);
    int sequences = settings.maxNumSequences();
    int[] queryStarts = new int[sequences + 1];
    for (int s = 0; s < sequences; s++) {
      int others = sequences - 1 - s;
      int left = settings.maxNumBatchedTokens() - queryStarts[s] - others;
      queryStarts[s + 1] = queryStarts[s] + Math.clamp(left, 1, context);
    }
    int scored =
        Math.min(
            SchedulerLimits.of(settings, model.vocabularySize()).maxScoredRows(),
            queryStarts[1] - 1);
    return batch(queryStarts, context, scored);
  }

  /** A token of as many sequences as there may be. */
  private static ForwardBatch decode(CausalModel model, EngineSettings settings) {
    int[] queryStarts = new int[settings.maxNumSequences() + 1];
    Arrays.setAll(queryStarts, s -> s);
    return batch(queryStarts, longestContext(model, settings), 0);
  }

  private static int longestContext(CausalModel model, EngineSettings settings) {
    return Math.min(settings.maxModelLength().orElse(Integer.MAX_VALUE), model.maxContextLength());
  }

  /**
   * The last tokens of contexts that lie in block 0 throughout; the last of each has logits, and so
   * have the first {@code scored} of all.
   */
  private static ForwardBatch batch(int[] queryStarts, int context, int scored) {
    int sequences = queryStarts.length - 1;
    int tokens = queryStarts[sequences];
    int[] positions = new int[tokens];
    int[] slots = new int[tokens];
    int[] logitRows = new int[scored + sequences];
    Arrays.setAll(logitRows, row -> row);
    for (int s = 0; s < sequences; s++) {
      int end = queryStarts[s + 1];
      for (int i = queryStarts[s]; i < end; i++) {
        positions[i] = context - (end - i);
        slots[i] = positions[i] % BlockManager.BLOCK_SIZE;
      }
      logitRows[scored + s] = end - 1;
    }
    int[] contextLengths = new int[sequences];
    Arrays.fill(contextLengths, context);
    int[][] blockTables = new int[sequences][BlockManager.blocksFor(context)];
    return new ForwardBatch(
        new int[tokens], positions, slots, queryStarts, contextLengths, blockTables, logitRows);
  }
}
