package dev.quern.engine.generate;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** Requests for tests, and sampling parameters with one thing changed. */
final class Requests {
  private Requests() {}

  static SamplingParameters greedy(int maxTokens) {
    return new SamplingParameters(
        0,
        0,
        1,
        0,
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        OptionalLong.empty(),
        maxTokens,
        0,
        Set.of(),
        -1,
        -1);
  }

  static SamplingParameters random(
      double temperature, int topK, double topP, double minP, long seed) {
    return new SamplingParameters(
        temperature,
        topK,
        topP,
        minP,
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        OptionalLong.of(seed),
        1000,
        0,
        Set.of(),
        -1,
        -1);
  }

  static SamplingParameters withLogprobs(int maxTokens, int logprobs, int promptLogprobs) {
    return new SamplingParameters(
        0,
        0,
        1,
        0,
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        OptionalLong.empty(),
        maxTokens,
        0,
        Set.of(),
        logprobs,
        promptLogprobs);
  }

  static SamplingParameters withMaxTokens(SamplingParameters base, int maxTokens) {
    return new SamplingParameters(
        base.temperature(),
        base.topK(),
        base.topP(),
        base.minP(),
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        base.seed(),
        maxTokens,
        0,
        Set.of(),
        -1,
        -1);
  }

  static GenerationRequest of(int[] prompt, SamplingParameters sampling) {
    return new GenerationRequest("test", prompt, sampling, 0, OptionalLong.empty(), "");
  }

  static GenerationRequest withPriority(int[] prompt, SamplingParameters sampling, int priority) {
    return new GenerationRequest("test", prompt, sampling, priority, OptionalLong.empty(), "");
  }
}
