package dev.quern.engine.generate;

import dev.quern.store.QuernException;
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
    require(temperature >= 0 && temperature <= Double.MAX_VALUE, "temperature", "at least 0");
    require(topK >= 0, "top_k", "at least 0 (0: all)");
    require(topP > 0 && topP <= 1, "top_p", "in (0, 1]");
    require(minP >= 0 && minP <= 1, "min_p", "in [0, 1]");
    require(
        repetitionPenalty > 0 && repetitionPenalty <= Float.MAX_VALUE,
        "repetition_penalty",
        "greater than 0");
    require(presencePenalty >= -2 && presencePenalty <= 2, "presence_penalty", "in [-2, 2]");
    require(frequencyPenalty >= -2 && frequencyPenalty <= 2, "frequency_penalty", "in [-2, 2]");
    require(maxTokens >= 0, "max_tokens", "at least 0");
    require(minTokens >= 0 && minTokens <= maxTokens, "min_tokens", "in [0, max_tokens]");
    require(logprobs >= -1, "logprobs", "at least 0");
    require(promptLogprobs >= -1, "prompt_logprobs", "at least 0");
    for (double bias : logitBias.values()) {
      require(Math.abs(bias) <= Float.MAX_VALUE, "logit_bias", "finite");
    }
    for (int[] word : badWords) {
      require(word.length > 0, "bad_words", "of at least one token each");
    }
  }

  private static void require(boolean holds, String field, String range) {
    if (!holds) {
      throw QuernException.badRequest(field, field + " must be " + range);
    }
  }
}
