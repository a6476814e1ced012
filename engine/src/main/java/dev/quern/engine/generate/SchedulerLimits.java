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
}
