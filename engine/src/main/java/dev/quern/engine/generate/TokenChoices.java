package dev.quern.engine.generate;

import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.LogitChanges;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How the tokens of one sequence are chosen, as a backend is told it: a request's masks, biases and
 * penalties in numbers, and the next random number of its seed.
 */
final class TokenChoices {
  /** Below this a temperature is greedy; dividing by it would overflow. */
  private static final double GREEDY_TEMPERATURE = 1e-5;

  private final SamplingParameters sampling;
  private final long seed;
  private final int[] allowed;
  private final int[] stops;
  private final int[] biased;
  private final float[] biases;
  private final TokenCounts counts;

  TokenChoices(SamplingParameters sampling, long seed, int promptLength) {
    this.sampling = sampling;
    this.seed = seed;
    allowed = ids(sampling.allowedTokens().stream().mapToInt(Integer::intValue));
    stops = ids(sampling.stopTokens().stream().mapToInt(Integer::intValue));
    Map<Integer, Double> bias = sampling.logitBias();
    biased = ids(bias.keySet().stream().mapToInt(Integer::intValue));
    biases = new float[biased.length];
    for (int i = 0; i < biased.length; i++) {
      biases[i] = bias.getOrDefault(biased[i], 0.0).floatValue();
    }
    // Only repetition is about the prompt, too.
    counts = new TokenCounts(sampling.repetitionPenalty() == 1 ? promptLength : 0);
  }

  private static int[] ids(IntStream ids) {
    return ids.sorted().toArray();
  }

  /**
   * Whether the next choice depends on which tokens the last ones were, and not only on how many:
   * then they must be known before it is made.
   */
  boolean dependOnTokens() {
    return hasPenalties() || sampling.badWords().stream().anyMatch(word -> word.length > 1);
  }

  /**
   * How token number {@code number} of the output is chosen.
   *
   * @param sequence with all tokens before it where {@link #dependOnTokens}
   */
  Draw.Choice choice(Sequence sequence, int number) {
    LogitChanges changes = changes(sequence, number);
    if (sampling.temperature() >= GREEDY_TEMPERATURE) {
      return new Draw.Choice(
          changes,
          sampling.temperature(),
          sampling.topK(),
          sampling.topP(),
          sampling.minP(),
          CounterRandom.uniform(seed, number),
          sampling.logprobs());
    }
    return changes.isEmpty() && sampling.logprobs() < 0
        ? Draw.Choice.LARGEST
        : new Draw.Choice(changes, 0, 0, 1, 0, 0, sampling.logprobs());
  }

  private LogitChanges changes(Sequence sequence, int number) {
    boolean masksStops = number < sampling.minTokens() && stops.length > 0;
    if (!masksStops
        && allowed.length == 0
        && biased.length == 0
        && sampling.badWords().isEmpty()
        && !hasPenalties()) {
      return LogitChanges.NONE;
    }
    return new LogitChanges(
        allowed, forbidden(sequence, masksStops), biased, biases, penalties(sequence));
  }

  private boolean hasPenalties() {
    return sampling.repetitionPenalty() != 1
        || sampling.presencePenalty() != 0
        || sampling.frequencyPenalty() != 0;
  }

  private int[] forbidden(Sequence sequence, boolean masksStops) {
    IntStream bad =
        sampling.badWords().stream()
            .filter(word -> completes(sequence, word))
            .mapToInt(word -> word[word.length - 1]);
    return (masksStops ? IntStream.concat(bad, Arrays.stream(stops)) : bad).distinct().toArray();
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

  private LogitChanges.Penalties penalties(Sequence sequence) {
    if (!hasPenalties()) {
      return LogitChanges.Penalties.NONE;
    }
    counts.catchUp(sequence.tokens(), sequence.tokenCount(), sequence.promptLength());
    return new LogitChanges.Penalties(
        counts.tokens(),
        counts.outputCounts(),
        (float) sampling.repetitionPenalty(),
        (float) sampling.frequencyPenalty(),
        (float) sampling.presencePenalty());
  }
}
