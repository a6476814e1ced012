package dev.quern.engine.generate;

/**
 * Bounds of one step.
 *
 * @param maxNumSequences sequences that run together
 * @param maxNumBatchedTokens tokens of a step over all sequences
 * @param maxScoredRows prompt rows of a step whose logits are wanted, beyond one a sequence; keeps
 *     the logits' memory bounded
 */
record SchedulerLimits(int maxNumSequences, int maxNumBatchedTokens, int maxScoredRows) {
  /** Most logits of scored prompt rows in one step: 128 MiB in fp32. */
  private static final int MOST_SCORED_LOGITS = 1 << 25;

  SchedulerLimits {
    if (maxNumSequences < 1 || maxNumBatchedTokens < maxNumSequences || maxScoredRows < 1) {
      throw new IllegalArgumentException(
          "a step of "
              + maxNumBatchedTokens
              + " tokens cannot give each of "
              + maxNumSequences
              + " sequences one");
    }
  }

  static SchedulerLimits of(EngineSettings settings, int vocabulary) {
    return new SchedulerLimits(
        settings.maxNumSequences(),
        settings.maxNumBatchedTokens(),
        Math.max(1, MOST_SCORED_LOGITS / vocabulary));
  }
}
