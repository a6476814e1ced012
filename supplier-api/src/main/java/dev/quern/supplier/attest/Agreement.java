package dev.quern.supplier.attest;

import java.util.List;

/**
 * How far an endpoint's scores are from those of the weights in fp32, beside how far the dtype that
 * it states takes the same weights from them. Rounding differs between kernels and devices, but not
 * in size: weights that are not the stated ones add to it.
 *
 * @param tokens how many were compared
 * @param meanDifference mean of the absolute differences of the endpoint's log-probabilities from
 *     those in fp32, in nats
 * @param dtypeDifference the same of the weights at hand in the stated dtype
 * @param sameLikeliest share of places where endpoint and fp32 have the same most probable token
 */
public record Agreement(
    int tokens, double meanDifference, double dtypeDifference, double sameLikeliest) {
  /** Where an endpoint that keeps to its statement is near 1; see {@code docs/pocket.md}. */
  public static final double USUAL_TOLERANCE = 1.3;

  /**
   * The mean difference in nats that is never held against an endpoint: fp32 on another device
   * makes about a hundredth of it.
   */
  public static final double LEAST_DIFFERENCE = 0.002;

  /**
   * Compares scores of the same tokens.
   *
   * @param exact of the weights in fp32
   * @param stated of the weights in the dtype that the endpoint states
   */
  static Agreement of(List<TokenScore> exact, List<TokenScore> stated, List<TokenScore> endpoint) {
    int same = 0;
    for (int i = 0; i < exact.size(); i++) {
      same += exact.get(i).likeliest() == endpoint.get(i).likeliest() ? 1 : 0;
    }
    return new Agreement(
        exact.size(),
        difference(exact, endpoint),
        difference(exact, stated),
        (double) same / exact.size());
  }

  private static double difference(List<TokenScore> exact, List<TokenScore> other) {
    if (exact.size() != other.size() || exact.isEmpty()) {
      throw new IllegalArgumentException(exact.size() + " and " + other.size() + " scores");
    }
    double sum = 0;
    for (int i = 0; i < exact.size(); i++) {
      sum += Math.abs(exact.get(i).logprob() - other.get(i).logprob());
    }
    return sum / exact.size();
  }

  /** How many times the stated dtype's own difference the endpoint's is. */
  public double ratio() {
    return meanDifference / dtypeDifference;
  }

  /** The mean difference, in nats, up to which the endpoint may be taken for the model. */
  public double bound(double tolerance) {
    return Math.max(LEAST_DIFFERENCE, tolerance * dtypeDifference);
  }

  /** Whether the endpoint may be taken for the model in the dtype that it states. */
  public boolean within(double tolerance) {
    return meanDifference <= bound(tolerance);
  }
}
