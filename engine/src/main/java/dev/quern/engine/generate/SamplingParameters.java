package dev.quern.engine.generate;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How tokens are chosen and when to stop, in token terms; validated ranges are the constructor's.
 *
 * @param temperature 0 is greedy
 * @param topK most probable tokens kept; 0: all
 * @param topP smallest set with this much probability kept, in (0, 1]
 * @param minP tokens with less than this share of the best one's probability are dropped, in [0, 1]
 * @param repetitionPenalty divides (or multiplies negative) logits of tokens seen in prompt or
 *     output; 1: none
 * @param presencePenalty subtracted from logits of tokens in the output, in [-2, 2]
 * @param frequencyPenalty subtracted once per occurrence in the output, in [-2, 2]
 * @param logitBias added to logits by token id
 * @param allowedTokens only these may be sampled; empty: all
 * @param badWords token sequences that must not be completed
 * @param seed makes sampling reproducible; absent: random
 * @param maxTokens most tokens generated; 0 scores the prompt only
 * @param minTokens stop tokens are not sampled before this many
 * @param stopTokens ids that end the sequence: the checkpoint's end-of-sequence ids unless ignored,
 *     and the request's own
 * @param logprobs how many alternatives are reported with each sampled token; -1: no
 *     log-probabilities at all
 * @param promptLogprobs likewise for prompt tokens
 */
public record SamplingParameters(
    double temperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    double presencePenalty,
    double frequencyPenalty,
    Map<Integer, Double> logitBias,
    Set<Integer> allowedTokens,
    List<int[]> badWords,
    OptionalLong seed,
    int maxTokens,
    int minTokens,
    Set<Integer> stopTokens,
    int logprobs,
    int promptLogprobs) {
  public SamplingParameters {
    logitBias = Map.copyOf(logitBias);
    allowedTokens = Set.copyOf(allowedTokens);
    badWords = List.copyOf(badWords);
    stopTokens = Set.copyOf(stopTokens);
  }
}
