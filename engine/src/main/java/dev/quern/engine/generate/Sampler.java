package dev.quern.engine.generate;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;

/**
 * Chooses each sequence's next token from a row of logits on the host: masks, biases and penalties
 * ({@link LogitAdjuster}), then temperature, min-p, top-k and top-p in vLLM's order, then one draw.
 * Log-probabilities are of the logits as the model gave them. Reused; not safe for threads.
 */
final class Sampler {
  /** Below this a temperature is greedy; dividing by it would overflow. */
  private static final double GREEDY_TEMPERATURE = 1e-5;

  private final int vocabularySize;
  private final LogitAdjuster adjuster;
  private final TopTokens top = new TopTokens();
  private final TokenWeights weights;
  private final float[] work;

  Sampler(int vocabularySize) {
    this.vocabularySize = vocabularySize;
    this.adjuster = new LogitAdjuster(vocabularySize);
    this.weights = new TokenWeights(vocabularySize);
    this.work = new float[vocabularySize];
  }

  /**
   * Whether the next token is simply the largest logit's, and nothing else is wanted of the row.
   */
  static boolean isPlainGreedy(Sequence sequence) {
    return isGreedy(sequence.sampling())
        && sequence.sampling().logprobs() < 0
        && LogitAdjuster.leavesAsIs(sequence);
  }

  /**
   * The next token of {@code sequence}.
   *
   * @param logits {@code [rows, vocabularySize]}; unchanged
   * @throws QuernException INTERNAL when the logits are not numbers, BAD_REQUEST when the request's
   *     masks leave nothing to choose from
   */
  SampledToken sample(Sequence sequence, float[] logits, int row) {
    int offset = row * vocabularySize;
    checkNumbers(logits, offset);
    int token;
    if (LogitAdjuster.leavesAsIs(sequence)) {
      token = choose(sequence, logits, offset);
    } else {
      System.arraycopy(logits, offset, work, 0, vocabularySize);
      adjuster.adjust(sequence, work);
      token = choose(sequence, work, 0);
    }
    return scored(logits, offset, token, sequence.sampling().logprobs());
  }

  /**
   * The log-probability of a known token, with {@code alternatives} others.
   *
   * @param logits {@code [rows, vocabularySize]} of the token before it
   */
  SampledToken score(float[] logits, int row, int token, int alternatives) {
    int offset = row * vocabularySize;
    checkNumbers(logits, offset);
    return scored(logits, offset, token, alternatives);
  }

  /** The device's own choice, negative where the row held something that is not a number. */
  static SampledToken greedy(int token) {
    if (token < 0) {
      throw notNumbers();
    }
    return new SampledToken(token, Float.NaN, List.of());
  }

  /** What is thrown for logits that are NaN or infinite. */
  private static QuernException notNumbers() {
    return new QuernException(
        ErrorCategory.INTERNAL,
        "the model's logits are NaN or infinite: its weights may be damaged, or its activations"
            + " overflow fp16; try --dtype bf16 or fp32");
  }

  private static boolean isGreedy(SamplingParameters sampling) {
    return sampling.temperature() < GREEDY_TEMPERATURE;
  }

  private void checkNumbers(float[] logits, int offset) {
    float max = max(logits, offset);
    if (!Float.isFinite(max)) {
      throw notNumbers();
    }
  }

  /** The largest value; NaN if there is one. */
  private float max(float[] values, int offset) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = offset; i < offset + vocabularySize; i++) {
      max = Math.max(max, values[i]);
    }
    return max;
  }

  private int choose(Sequence sequence, float[] logits, int offset) {
    SamplingParameters sampling = sequence.sampling();
    float max = max(logits, offset);
    if (!Float.isFinite(max)) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "allowed_token_ids, bad_words, min_tokens and logit_bias together leave no token to"
              + " sample");
    }
    if (isGreedy(sampling)) {
      return indexOf(logits, offset, max);
    }
    double draw = CounterRandom.uniform(sequence.seed(), sequence.generated());
    double scale = 1 / sampling.temperature();
    float floor = Float.NEGATIVE_INFINITY;
    if (sampling.minP() > 0) {
      floor = (float) (max + Math.log(sampling.minP()) * sampling.temperature());
    }
    boolean limited = sampling.topK() > 0 && sampling.topK() < vocabularySize;
    if (!limited && sampling.topP() >= 1) {
      double mass = weights.take(logits, offset, max, scale, floor);
      return weights.draw(draw * mass);
    }
    if (limited) {
      int count = top.select(logits, offset, vocabularySize, floor, sampling.topK());
      double nucleus = sampling.topP() * topMass(count, max, scale);
      return drawFromTop(count, max, scale, nucleus, draw);
    }
    double nucleus = sampling.topP() * weights.take(logits, offset, max, scale, floor);
    return weights.drawNucleus(nucleus, draw);
  }

  private int indexOf(float[] logits, int offset, float max) {
    int token = 0;
    while (logits[offset + token] != max) {
      token++;
    }
    return token;
  }

  private double topMass(int count, float max, double scale) {
    double mass = 0;
    for (int place = 0; place < count; place++) {
      mass += Math.exp((top.value(place) - max) * scale);
    }
    return mass;
  }

  /** Draws from the smallest set of largest tokens that holds the mass {@code nucleus}. */
  private int drawFromTop(int count, float max, double scale, double nucleus, double draw) {
    double mass = 0;
    int size = 0;
    while (size < count && (size == 0 || mass < nucleus)) {
      mass += Math.exp((top.value(size++) - max) * scale);
    }
    double target = draw * mass;
    for (int place = 0; place < size; place++) {
      target -= Math.exp((top.value(place) - max) * scale);
      if (target < 0) {
        return top.id(place);
      }
    }
    // The draw lies within rounding of the whole mass.
    return top.id(size - 1);
  }

  private SampledToken scored(float[] logits, int offset, int token, int alternatives) {
    if (alternatives < 0) {
      return new SampledToken(token, Float.NaN, List.of());
    }
    float max = max(logits, offset);
    double mass = weights.take(logits, offset, max, 1, Float.NEGATIVE_INFINITY);
    double logSum = max + Math.log(mass);
    float logprob = (float) (logits[offset + token] - logSum);
    if (alternatives == 0) {
      return new SampledToken(token, logprob, List.of());
    }
    int count = top.select(logits, offset, vocabularySize, Float.NEGATIVE_INFINITY, alternatives);
    List<SampledToken.TokenLogprob> best = new ArrayList<>(count);
    for (int place = 0; place < count; place++) {
      best.add(
          new SampledToken.TokenLogprob(
              top.id(place), (float) (top.value(place) - logSum), place + 1));
    }
    return new SampledToken(token, logprob, List.copyOf(best));
  }
}
