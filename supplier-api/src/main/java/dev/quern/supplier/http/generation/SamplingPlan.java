package dev.quern.supplier.http.generation;

import dev.quern.engine.generate.SamplingParameters;
import dev.quern.engine.text.Tokenizer;
import dev.quern.supplier.http.openai.SamplingOptions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** A request's sampling options for one sequence, in the engine's terms. */
final class SamplingPlan {
  private SamplingPlan() {}

  /**
   * The engine's parameters.
   *
   * @param choice which of a prompt's choices: with a seed each has its own, so that they differ
   */
  static SamplingParameters parameters(GenerationPlan plan, PlannedPrompt prompt, int choice) {
    SamplingOptions options = plan.sampling();
    ServedModel model = plan.model();
    int room = model.engine().maxModelLength() - prompt.tokens().length;
    int maxTokens = Math.min(options.maxTokens().orElse(room), plan.mostTokens());
    Set<Integer> stopTokens = new HashSet<>(options.stopTokenIds());
    if (!options.ignoreEos()) {
      stopTokens.addAll(model.endOfSequenceTokens());
    }
    return new SamplingParameters(
        options.temperature(),
        options.topK(),
        options.topP(),
        options.minP(),
        options.repetitionPenalty(),
        options.presencePenalty(),
        options.frequencyPenalty(),
        options.logitBias(),
        options.allowedTokenIds(),
        badWords(options.badWords(), model.tokenizer()),
        options.seed().isPresent()
            ? OptionalLong.of(options.seed().getAsLong() + choice)
            : OptionalLong.empty(),
        maxTokens,
        Math.min(options.minTokens(), maxTokens),
        stopTokens,
        options.logprobs(),
        options.promptLogprobs());
  }

  /** Each word as it is spelled at the start of a text and after a space. */
  private static List<int[]> badWords(List<String> words, Tokenizer tokenizer) {
    List<int[]> sequences = new ArrayList<>();
    for (String word : words) {
      String bare = word.stripLeading();
      int[] alone = tokenizer.encode(bare, false);
      int[] spaced = tokenizer.encode(" " + bare, false);
      if (alone.length > 0) {
        sequences.add(alone);
      }
      if (spaced.length == alone.length && spaced.length > 0 && spaced[0] != alone[0]) {
        sequences.add(spaced);
      }
    }
    return sequences;
  }
}
