package dev.quern.engine.model;

/** How two vectors of a model are compared; larger is closer. */
public enum VectorSimilarity {
  COSINE,
  DOT,
  /** Minus the Euclidean distance. */
  EUCLIDEAN,
  /** Minus the sum of absolute differences. */
  MANHATTAN;

  /** Of two vectors of one length. */
  public float of(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException("vectors of " + a.length + " and " + b.length);
    }
    return (float)
        switch (this) {
          case COSINE -> cosine(a, b);
          case DOT -> dot(a, b);
          case EUCLIDEAN -> -Math.sqrt(squaredDistance(a, b));
          case MANHATTAN -> -absoluteDistance(a, b);
        };
  }

  /** A vector of no length is like nothing: 0. */
  private static double cosine(float[] a, float[] b) {
    double lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
    return lengths == 0 ? 0 : dot(a, b) / lengths;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static double squaredDistance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = (double) a[i] - b[i];
      sum += difference * difference;
    }
    return sum;
  }

  private static double absoluteDistance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs((double) a[i] - b[i]);
    }
    return sum;
  }
}
