package dev.quern.supplier.http.openai;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How to sample and when to stop, as a request says it: token budgets not yet set against a prompt,
 * words not yet tokens.
 *
 * @param topK 0: all
 * @param logprobs alternatives with each token; -1: none wanted
 * @param promptLogprobs likewise for the prompt
 * @param truncatePrompt last tokens of the prompt kept; -1: what the context holds
 */
public record SamplingOptions(
    double temperature,
    int topK,
    double topP,
    double minP,
    double presencePenalty,
    double frequencyPenalty,
    double repetitionPenalty,
    Map<Integer, Double> logitBias,
    OptionalLong seed,
    int n,
    List<String> stop,
    Set<Integer> stopTokenIds,
    boolean includeStop,
    boolean ignoreEos,
    OptionalInt maxTokens,
    int minTokens,
    List<String> badWords,
    Set<Integer> allowedTokenIds,
    int logprobs,
    int promptLogprobs,
    OptionalInt truncatePrompt,
    boolean skipSpecialTokens,
    boolean returnTokenIds) {
  /** The same with other bounds. */
  public SamplingOptions limited(OptionalInt tokens, int scores, int promptScores) {
    return new SamplingOptions(
        temperature,
        topK,
        topP,
        minP,
        presencePenalty,
        frequencyPenalty,
        repetitionPenalty,
        logitBias,
        seed,
        n,
        stop,
        stopTokenIds,
        includeStop,
        ignoreEos,
        tokens,
        minTokens,
        badWords,
        allowedTokenIds,
        scores,
        promptScores,
        truncatePrompt,
        skipSpecialTokens,
        returnTokenIds);
  }
}
