package dev.quern.supplier.attest;

import dev.quern.engine.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Prompts that nobody can have prepared answers for: random tokens of the vocabulary. What a model
 * expects after nonsense depends on all its weights as much as what it expects after sense.
 */
final class Challenges {
  private Challenges() {}

  /**
   * Draws prompts.
   *
   * @param ids how many token ids the model knows
   * @return {@code [count][length]}
   */
  static List<int[]> draw(Tokenizer tokenizer, int ids, int count, int length, long seed) {
    Random random = new Random(seed);
    Set<Integer> special = tokenizer.specialTokens();
    int bound = Math.min(ids, tokenizer.vocabularySize());
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] prompt = new int[length];
      for (int j = 0; j < length; j++) {
        do {
          prompt[j] = random.nextInt(bound);
        } while (special.contains(prompt[j]) || tokenizer.tokenText(prompt[j]).isEmpty());
      }
      prompts.add(prompt);
    }
    return prompts;
  }
}
