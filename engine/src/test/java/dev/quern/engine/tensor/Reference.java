package dev.quern.engine.tensor;

/** The operations in plain loops over float64, row-major, for the backends to be held against. */
final class Reference {
  private Reference() {}

  /** {@code x [rows, in]} times {@code w [out, in]} transposed, plus {@code bias} if given. */
  static double[] linear(double[] x, double[] w, double[] bias, int in) {
    int rows = x.length / in;
    int out = w.length / in;
    double[] y = new double[rows * out];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        double sum = bias.length == 0 ? 0 : bias[o];
        for (int i = 0; i < in; i++) {
          sum += x[r * in + i] * w[o * in + i];
        }
        y[r * out + o] = sum;
      }
    }
    return y;
  }

  static double[] rmsNorm(double[] x, double[] weight, double epsilon) {
    int size = weight.length;
    double[] y = new double[x.length];
    for (int first = 0; first < x.length; first += size) {
      double squares = 0;
      for (int i = 0; i < size; i++) {
        squares += x[first + i] * x[first + i];
      }
      double inverse = 1 / Math.sqrt(squares / size + epsilon);
      for (int i = 0; i < size; i++) {
        y[first + i] = x[first + i] * inverse * weight[i];
      }
    }
    return y;
  }

  static double activate(double x, Activation activation) {
    return switch (activation) {
      case SILU -> x / (1 + Math.exp(-x));
      case GELU_TANH ->
          0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case GELU -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    };
  }

  /** By its Maclaurin series, exact to float64 for the small arguments of the tests. */
  private static double erf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 200; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  /** {@code gateUp [rows, 2 * size]}. */
  static double[] gated(double[] gateUp, int size, Activation activation) {
    double[] y = new double[gateUp.length / 2];
    for (int r = 0; r < gateUp.length / (2 * size); r++) {
      for (int i = 0; i < size; i++) {
        y[r * size + i] =
            activate(gateUp[2 * r * size + i], activation) * gateUp[(2 * r + 1) * size + i];
      }
    }
    return y;
  }

  /** Rotates the leading {@code 2 * cosines.length} values of {@code head} in place. */
  static void rotate(double[] values, int head, float[] cosines, float[] sines) {
    int half = cosines.length;
    for (int i = 0; i < half; i++) {
      double a = values[head + i];
      double b = values[head + half + i];
      values[head + i] = a * cosines[i] - b * sines[i];
      values[head + half + i] = b * cosines[i] + a * sines[i];
    }
  }

  /**
   * One query head at position {@code position} over {@code keys} and {@code values}, {@code
   * [context, kvHeads, headDim]}.
   */
  static double[] attend(
      double[] query,
      double[] keys,
      double[] values,
      HeadLayout heads,
      int kvHead,
      int position,
      AttentionOptions options) {
    int size = heads.headDim();
    int first =
        options.slidingWindow() == 0 ? 0 : Math.max(0, position - options.slidingWindow() + 1);
    double[] weights = new double[position + 1];
    double largest = Double.NEGATIVE_INFINITY;
    for (int p = first; p <= position; p++) {
      double score = 0;
      for (int i = 0; i < size; i++) {
        score += query[i] * keys[(p * heads.kvHeads() + kvHead) * size + i];
      }
      score *= options.scale();
      if (options.softCap() > 0) {
        score = options.softCap() * Math.tanh(score / options.softCap());
      }
      weights[p] = score;
      largest = Math.max(largest, score);
    }
    double sum = 0;
    double[] out = new double[size];
    for (int p = first; p <= position; p++) {
      double weight = Math.exp(weights[p] - largest);
      sum += weight;
      for (int i = 0; i < size; i++) {
        out[i] += weight * values[(p * heads.kvHeads() + kvHead) * size + i];
      }
    }
    for (int i = 0; i < size; i++) {
      out[i] /= sum;
    }
    return out;
  }
}
