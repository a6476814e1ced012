package dev.quern.engine.generate;

import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.TokenScores;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;

/** Waits for a queued step and turns its rows into outcomes; an error in a row is its own alone. */
final class StepReader {
  /**
   * The outcomes of a step, in the order of its chunks. Adds scores of prompt tokens to their
   * sequences.
   *
   * @throws QuernException when the step failed as a whole
   */
  List<StepOutcome> read(QueuedStep step) {
    int[] ids = step.drawn().ids();
    List<StepOutcome> outcomes = new ArrayList<>(step.rows().size());
    for (int i = 0; i < step.rows().size(); i++) {
      outcomes.add(read(step.plan().chunks.get(i), step.rows().get(i), ids, step.drawn()));
    }
    return outcomes;
  }

  private static StepOutcome read(Chunk chunk, LogitRows rows, int[] ids, DrawnTokens drawn) {
    Sequence sequence = chunk.sequence();
    for (int row = rows.first(); row < rows.end(); row++) {
      if (ids[row] < 0) {
        return new StepOutcome(sequence, chunk.end(), null, failure(ids[row]));
      }
    }
    for (int row = rows.first(); row < rows.drawnRow(); row++) {
      sequence.promptScores().add(token(ids[row], drawn.scores(row)));
    }
    if (!rows.drawn()) {
      return new StepOutcome(sequence, chunk.end(), null, null);
    }
    int row = rows.drawnRow();
    SampledToken next =
        sequence.sampling().logprobs() < 0
            ? new SampledToken(ids[row], Float.NaN, List.of())
            : token(ids[row], drawn.scores(row));
    return new StepOutcome(sequence, chunk.end(), next, null);
  }

  private static SampledToken token(int id, TokenScores scores) {
    List<SampledToken.TokenLogprob> top = new ArrayList<>(scores.top().length);
    for (int place = 0; place < scores.top().length; place++) {
      top.add(
          new SampledToken.TokenLogprob(
              scores.top()[place], scores.topLogprobs()[place], place + 1));
    }
    return new SampledToken(id, scores.logprob(), List.copyOf(top));
  }

  private static QuernException failure(int id) {
    return id == DrawnTokens.NOTHING_LEFT
        ? new QuernException(
            ErrorCategory.BAD_REQUEST,
            "allowed_token_ids, bad_words, min_tokens and logit_bias together leave no token to"
                + " sample")
        : new QuernException(
            ErrorCategory.INTERNAL,
            "the model's logits are NaN or infinite: its weights may be damaged, or its activations"
                + " overflow fp16; try --dtype bf16 or fp32");
  }
}
