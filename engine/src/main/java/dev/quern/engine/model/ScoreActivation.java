package dev.quern.engine.model;

/** What turns raw class scores into the numbers a user expects. */
public enum ScoreActivation {
  /** The raw scores themselves (regression). */
  NONE,
  /** One of the labels holds: the scores become probabilities that sum to one. */
  SOFTMAX,
  /** Each label holds or not by itself. */
  SIGMOID;

  /** The activated scores {@code [labels]} of one input's raw ones. */
  public float[] apply(float[] scores) {
    return switch (this) {
      case NONE -> scores.clone();
      case SOFTMAX -> softmax(scores);
      case SIGMOID -> sigmoid(scores);
    };
  }

  private static float[] softmax(float[] scores) {
    float largest = Float.NEGATIVE_INFINITY;
    for (float score : scores) {
      largest = Math.max(largest, score);
    }
    double sum = 0;
    for (float score : scores) {
      sum += Math.exp(score - largest);
    }
    float[] probabilities = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      probabilities[i] = (float) (Math.exp(scores[i] - largest) / sum);
    }
    return probabilities;
  }

  private static float[] sigmoid(float[] scores) {
    float[] probabilities = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      probabilities[i] = (float) (1 / (1 + Math.exp(-scores[i])));
    }
    return probabilities;
  }
}
