package dev.quern.supplier.attest;

import java.util.List;

/**
 * How well an endpoint's scores agree with those of the weights.
 *
 * @param tokens how many were compared
 * @param meanDifference mean of the absolute differences of log-probabilities, in nats
 * @param largestDifference the largest of them
 * @param sameLikeliest share of places where both have the same most probable token
 */
public record Agreement(
    int tokens, double meanDifference, double largestDifference, double sameLikeliest) {
  /**
   * The mean difference, in nats, up to which an endpoint is taken for the model. The demo model in
   * bf16 differs from itself in fp32 by 0.026; with weights rounded to eight bits by 0.052, to four
   * bits by 0.79. Where both sides compute alike (the same dtype and kind of device) there is next
   * to no difference, and a tenth of this is the better bound.
   */
  public static final double USUAL_TOLERANCE = 0.04;

  static Agreement of(List<TokenScore> reference, List<TokenScore> endpoint) {
    if (reference.size() != endpoint.size() || reference.isEmpty()) {
      throw new IllegalArgumentException(reference.size() + " and " + endpoint.size() + " scores");
    }
    double sum = 0;
    double largest = 0;
    int same = 0;
    for (int i = 0; i < reference.size(); i++) {
      double difference = Math.abs(reference.get(i).logprob() - endpoint.get(i).logprob());
      sum += difference;
      largest = Math.max(largest, difference);
      same += reference.get(i).likeliest() == endpoint.get(i).likeliest() ? 1 : 0;
    }
    int count = reference.size();
    return new Agreement(count, sum / count, largest, (double) same / count);
  }

  /** Whether the endpoint may be taken for the model. */
  public boolean within(double tolerance) {
    return meanDifference <= tolerance;
  }
}
