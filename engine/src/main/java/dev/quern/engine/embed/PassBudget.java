package dev.quern.engine.embed;

/**
 * How many tokens the next pass may have: what the batch bound allows, but no more than take a fair
 * share of the device while others use it. Of the device's thread.
 */
final class PassBudget {
  /** Steps that find nothing to do take microseconds: below this the device is not shared. */
  private static final long ALONE_NANOS = 1_000_000;

  /** Shorter passes cost more than they please: a language model's steps may take a millisecond. */
  private static final long LEAST_SLICE_NANOS = 10_000_000;

  /** Even alone: whoever comes next waits for the pass in progress. */
  private static final long MOST_SLICE_NANOS = 250_000_000;

  /** Before anything is known of the device's speed. */
  private static final int FIRST_TOKENS = 512;

  /** How much the last pass counts in the running mean. */
  private static final double NEWEST = 0.25;

  private int maxTokens;
  private double nanosPerToken;

  PassBudget(int maxTokens) {
    this.maxTokens = maxTokens;
  }

  /**
   * Tokens of the next pass.
   *
   * @param othersNanos what others' steps took since the last pass
   */
  int tokens(long othersNanos) {
    if (nanosPerToken == 0) {
      return Math.min(FIRST_TOKENS, maxTokens);
    }
    long slice =
        othersNanos < ALONE_NANOS
            ? MOST_SLICE_NANOS
            : Math.clamp(othersNanos, LEAST_SLICE_NANOS, MOST_SLICE_NANOS);
    return Math.clamp((long) (slice / nanosPerToken), 1, maxTokens);
  }

  /** A pass of {@code tokens} took {@code nanos}. */
  void ran(int tokens, long nanos) {
    double measured = (double) nanos / tokens;
    nanosPerToken =
        nanosPerToken == 0 ? measured : nanosPerToken + NEWEST * (measured - nanosPerToken);
  }

  /** A pass of {@code tokens} did not fit the memory. */
  void tooMany(int tokens) {
    maxTokens = Math.max(1, Math.min(maxTokens, tokens / 2));
  }

  int maxTokens() {
    return maxTokens;
  }
}
