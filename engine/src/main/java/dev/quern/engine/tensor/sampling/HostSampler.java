package dev.quern.engine.tensor.sampling;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.TokenScores;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The reference for what {@link Backend#draw} means, on rows of logits in host memory. Keeps its
 * buffers from call to call; not safe for threads.
 */
public final class HostSampler {
  /** By size of vocabulary: models of one device may have different ones. */
  private final Map<Integer, RowSampler> samplers = new HashMap<>();

  /** Draws at once; only rows of which more is wanted than the largest logit leave the device. */
  public DrawnTokens draw(Backend backend, Tensor logits, Draws draws) {
    if (draws.rows().isEmpty()) {
      return new KnownTokens(new int[0], new TokenScores[0]);
    }
    if (draws.allLargest()) {
      int[] ids = backend.argmax(logits);
      return new KnownTokens(ids, new TokenScores[ids.length]);
    }
    return draw(backend.toHost(logits), Math.toIntExact(logits.size(1)), draws);
  }

  /**
   * Draws from rows in host memory.
   *
   * @param logits {@code [rows, vocabularySize]}; unchanged
   */
  public DrawnTokens draw(float[] logits, int vocabularySize, Draws draws) {
    RowSampler sampler = samplers.computeIfAbsent(vocabularySize, RowSampler::new);
    List<Draw> rows = draws.rows();
    int[] ids = new int[rows.size()];
    @Nullable TokenScores[] scores = new TokenScores[ids.length];
    for (int row = 0; row < ids.length; row++) {
      int offset = row * vocabularySize;
      Draw draw = rows.get(row);
      ids[row] =
          switch (draw) {
            case Draw.Choice choice -> sampler.choose(choice, logits, offset);
            case Draw.Score score -> sampler.check(logits, offset, score.token());
          };
      if (ids[row] >= 0 && draw.logprobs() >= 0) {
        scores[row] = sampler.score(logits, offset, ids[row], draw.logprobs());
      }
    }
    return new KnownTokens(ids, scores);
  }

  /** Tokens that nobody has to wait for. */
  private record KnownTokens(int[] ids, @Nullable TokenScores[] scores) implements DrawnTokens {
    @Override
    public TokenScores scores(int row) {
      TokenScores wanted = scores[row];
      if (wanted == null) {
        throw new IllegalArgumentException("no log-probabilities were wanted of row " + row);
      }
      return wanted;
    }

    @Override
    public void close() {}
  }
}
