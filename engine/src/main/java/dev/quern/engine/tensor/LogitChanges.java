package dev.quern.engine.tensor;

/**
 * What is done to a row of logits before a token is chosen, in this order.
 *
 * @param allowed only these may be chosen; empty: all
 * @param forbidden these may not
 * @param biased ids, each once, whose logits {@code biases} are added to
 * @param penalties for tokens that were there before
 */
public record LogitChanges(
    int[] allowed, int[] forbidden, int[] biased, float[] biases, Penalties penalties) {
  private static final int[] NO_IDS = {};

  public static final LogitChanges NONE =
      new LogitChanges(NO_IDS, NO_IDS, NO_IDS, new float[0], Penalties.NONE);

  public LogitChanges {
    if (biased.length != biases.length) {
      throw new IllegalArgumentException(biases.length + " biases of " + biased.length + " ids");
    }
  }

  public boolean isEmpty() {
    return allowed.length == 0
        && forbidden.length == 0
        && biased.length == 0
        && penalties.tokens.length == 0;
  }

  /**
   * Penalties for tokens of prompt and output.
   *
   * @param tokens ids, each once
   * @param outputCounts how often each occurs in the output; 0: in the prompt alone
   * @param repetition divides positive and multiplies negative logits of all {@code tokens}; 1:
   *     none
   * @param frequency subtracted once for each occurrence in the output
   * @param presence subtracted once for each token of the output
   */
  public record Penalties(
      int[] tokens, int[] outputCounts, float repetition, float frequency, float presence) {
    public static final Penalties NONE = new Penalties(NO_IDS, NO_IDS, 1, 0, 0);

    public Penalties {
      if (tokens.length != outputCounts.length) {
        throw new IllegalArgumentException(
            outputCounts.length + " counts of " + tokens.length + " tokens");
      }
    }
  }
}
