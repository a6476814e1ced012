package dev.quern.engine.tensor.sampling;

import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.TokenScores;

/**
 * Chooses and scores tokens of single rows: changes ({@link LogitChanger}), then temperature,
 * min-p, top-k and top-p in vLLM's order, then one draw. Log-probabilities are of the logits as the
 * model gave them. For one size of vocabulary; reused; not safe for threads.
 */
final class RowSampler {
  private final int vocabularySize;
  private final TopTokens top = new TopTokens();
  private final TokenWeights weights;
  private final float[] work;

  RowSampler(int vocabularySize) {
    this.vocabularySize = vocabularySize;
    this.weights = new TokenWeights(vocabularySize);
    this.work = new float[vocabularySize];
  }

  /**
   * A token of the row at {@code offset}, or why there is none: {@link DrawnTokens#NOT_NUMBERS} or
   * {@link DrawnTokens#NOTHING_LEFT}.
   *
   * @param logits unchanged
   */
  int choose(Draw.Choice choice, float[] logits, int offset) {
    float max = max(logits, offset);
    if (!Float.isFinite(max)) {
      return DrawnTokens.NOT_NUMBERS;
    }
    if (choice.changes().isEmpty()) {
      return choose(choice, logits, offset, max);
    }
    System.arraycopy(logits, offset, work, 0, vocabularySize);
    LogitChanger.change(choice.changes(), work);
    float changedMax = max(work, 0);
    return Float.isFinite(changedMax)
        ? choose(choice, work, 0, changedMax)
        : DrawnTokens.NOTHING_LEFT;
  }

  /** {@code token}, or {@link DrawnTokens#NOT_NUMBERS} where the row has no probabilities. */
  int check(float[] logits, int offset, int token) {
    return Float.isFinite(max(logits, offset)) ? token : DrawnTokens.NOT_NUMBERS;
  }

  /**
   * Log-probabilities of a row of numbers.
   *
   * @param alternatives how many of the likeliest tokens are told
   */
  TokenScores score(float[] logits, int offset, int token, int alternatives) {
    float max = max(logits, offset);
    double mass = weights.take(logits, offset, max, 1, Float.NEGATIVE_INFINITY);
    double logSum = max + Math.log(mass);
    int count = 0;
    if (alternatives > 0) {
      count = top.select(logits, offset, vocabularySize, Float.NEGATIVE_INFINITY, alternatives);
    }
    int[] ids = new int[count];
    float[] logprobs = new float[count];
    for (int place = 0; place < count; place++) {
      ids[place] = top.id(place);
      logprobs[place] = (float) (top.value(place) - logSum);
    }
    return new TokenScores((float) (logits[offset + token] - logSum), ids, logprobs);
  }

  /** The largest value; NaN if there is one. */
  private float max(float[] values, int offset) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = offset; i < offset + vocabularySize; i++) {
      max = Math.max(max, values[i]);
    }
    return max;
  }

  private int choose(Draw.Choice choice, float[] logits, int offset, float max) {
    if (choice.isGreedy()) {
      return indexOf(logits, offset, max);
    }
    double draw = choice.uniform();
    double scale = 1 / choice.temperature();
    float floor = Float.NEGATIVE_INFINITY;
    if (choice.minP() > 0) {
      floor = (float) (max + Math.log(choice.minP()) * choice.temperature());
    }
    boolean limited = choice.topK() > 0 && choice.topK() < vocabularySize;
    if (!limited && choice.topP() >= 1) {
      double mass = weights.take(logits, offset, max, scale, floor);
      return weights.draw(draw * mass);
    }
    if (limited) {
      int count = top.select(logits, offset, vocabularySize, floor, choice.topK());
      double nucleus = choice.topP() * topMass(count, max, scale);
      return drawFromTop(count, max, scale, nucleus, draw);
    }
    double nucleus = choice.topP() * weights.take(logits, offset, max, scale, floor);
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
}
