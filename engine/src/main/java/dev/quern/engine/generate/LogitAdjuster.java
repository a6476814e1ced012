package dev.quern.engine.generate;

import java.util.Arrays;
import java.util.Map;

/**
 * Applies a request's masks, biases and penalties to its logits, in vLLM's order: allowed tokens,
 * bad words, minimum length, logit bias, then repetition, frequency and presence penalties. Reused;
 * not safe for threads.
 */
final class LogitAdjuster {
  /** Per token id how often it occurs in the output; all zero between calls. */
  private final int[] occurrences;

  /** Distinct ids counted in {@link #occurrences}. */
  private int[] distinct = new int[64];

  private int distinctCount;

  LogitAdjuster(int vocabularySize) {
    occurrences = new int[vocabularySize];
  }

  /** Whether the next token of {@code sequence} is chosen from the logits as they are. */
  static boolean leavesAsIs(Sequence sequence) {
    SamplingParameters sampling = sequence.sampling();
    return sampling.allowedTokens().isEmpty()
        && sampling.badWords().isEmpty()
        && sampling.logitBias().isEmpty()
        && sampling.repetitionPenalty() == 1
        && sampling.presencePenalty() == 0
        && sampling.frequencyPenalty() == 0
        && !masksStopTokens(sequence);
  }

  /** Changes {@code logits [vocabularySize]} in place. */
  void adjust(Sequence sequence, float[] logits) {
    SamplingParameters sampling = sequence.sampling();
    if (!sampling.allowedTokens().isEmpty()) {
      keepAllowed(sampling, logits);
    }
    for (int[] word : sampling.badWords()) {
      if (completes(sequence, word)) {
        logits[word[word.length - 1]] = Float.NEGATIVE_INFINITY;
      }
    }
    if (masksStopTokens(sequence)) {
      for (int stop : sampling.stopTokens()) {
        logits[stop] = Float.NEGATIVE_INFINITY;
      }
    }
    for (Map.Entry<Integer, Double> bias : sampling.logitBias().entrySet()) {
      logits[bias.getKey()] += bias.getValue().floatValue();
    }
    if (sampling.repetitionPenalty() != 1) {
      count(sequence, 0);
      penaliseRepetition(logits, (float) sampling.repetitionPenalty());
      forget();
    }
    if (sampling.presencePenalty() != 0 || sampling.frequencyPenalty() != 0) {
      count(sequence, sequence.promptLength());
      penaliseOutput(
          logits, (float) sampling.frequencyPenalty(), (float) sampling.presencePenalty());
      forget();
    }
  }

  private static boolean masksStopTokens(Sequence sequence) {
    return sequence.generated() < sequence.sampling().minTokens()
        && !sequence.sampling().stopTokens().isEmpty();
  }

  private static void keepAllowed(SamplingParameters sampling, float[] logits) {
    int[] ids = new int[sampling.allowedTokens().size()];
    float[] kept = new float[ids.length];
    int i = 0;
    for (int id : sampling.allowedTokens()) {
      ids[i] = id;
      kept[i++] = logits[id];
    }
    Arrays.fill(logits, Float.NEGATIVE_INFINITY);
    for (i = 0; i < ids.length; i++) {
      logits[ids[i]] = kept[i];
    }
  }

  /** Whether the output ends in all of {@code word} but its last token. */
  private static boolean completes(Sequence sequence, int[] word) {
    int lead = word.length - 1;
    if (lead > sequence.generated()) {
      return false;
    }
    int start = sequence.tokenCount() - lead;
    return Arrays.equals(sequence.tokens(), start, sequence.tokenCount(), word, 0, lead);
  }

  private void count(Sequence sequence, int from) {
    int[] tokens = sequence.tokens();
    int end = sequence.tokenCount();
    if (distinct.length < end - from) {
      distinct = new int[Math.max(end - from, 2 * distinct.length)];
    }
    for (int i = from; i < end; i++) {
      if (occurrences[tokens[i]]++ == 0) {
        distinct[distinctCount++] = tokens[i];
      }
    }
  }

  private void forget() {
    for (int i = 0; i < distinctCount; i++) {
      occurrences[distinct[i]] = 0;
    }
    distinctCount = 0;
  }

  private void penaliseRepetition(float[] logits, float penalty) {
    for (int i = 0; i < distinctCount; i++) {
      float logit = logits[distinct[i]];
      logits[distinct[i]] = logit > 0 ? logit / penalty : logit * penalty;
    }
  }

  private void penaliseOutput(float[] logits, float frequency, float presence) {
    for (int i = 0; i < distinctCount; i++) {
      logits[distinct[i]] -= frequency * occurrences[distinct[i]] + presence;
    }
  }
}
