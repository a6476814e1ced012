package dev.quern.supplier.attest;

import dev.quern.engine.runtime.LoadedLanguageModel;
import java.util.ArrayList;
import java.util.List;

/** Asks an endpoint and the weights the same, and compares. */
public final class Replay {
  private static final int PROMPT_TOKENS = 64;

  private Replay() {}

  /**
   * Compares.
   *
   * @param prompts how many challenges
   * @param seed of the challenges; secret until they are asked
   */
  public static Agreement compare(
      LoadedLanguageModel reference, Endpoint endpoint, int prompts, long seed) {
    int length = Math.min(PROMPT_TOKENS, reference.maxTokens() - 1);
    List<TokenScore> expected = new ArrayList<>();
    List<TokenScore> found = new ArrayList<>();
    List<int[]> challenges =
        Challenges.draw(
            reference.tokenizer(), reference.engine().vocabularySize(), prompts, length, seed);
    for (int[] prompt : challenges) {
      found.addAll(endpoint.score(prompt));
      expected.addAll(ReferenceScores.score(reference, prompt));
    }
    return Agreement.of(expected, found);
  }
}
