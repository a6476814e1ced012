package dev.quern.supplier.attest;

import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Challenges that an endpoint and the weights at hand are asked alike. */
public final class Replay {
  /** Tokens of a challenge. */
  private static final int PROMPT_TOKENS = 64;

  private final List<int[]> challenges;

  private Replay(List<int[]> challenges) {
    this.challenges = challenges;
  }

  /**
   * Asks an endpoint, the weights in fp32, and the weights in the dtype that the endpoint states;
   * one after the other, so that no more than one copy of the weights is held.
   *
   * @param loader the weights in a dtype; what it gives is closed here
   */
  public static Agreement compare(
      Function<DType, LoadedLanguageModel> loader,
      DType dtype,
      Endpoint endpoint,
      int count,
      long seed) {
    Replay replay;
    List<TokenScore> exact;
    try (LoadedLanguageModel model = loader.apply(DType.F32)) {
      replay = draw(model, count, seed);
      exact = replay.scores(model);
    }
    List<TokenScore> found = replay.scores(endpoint);
    if (dtype == DType.F32) {
      return Agreement.of(exact, exact, found);
    }
    try (LoadedLanguageModel model = loader.apply(dtype)) {
      return Agreement.of(exact, replay.scores(model), found);
    }
  }

  /**
   * Draws challenges.
   *
   * @param count how many
   * @param seed secret until they are asked
   */
  static Replay draw(LoadedLanguageModel model, int count, long seed) {
    int length = Math.min(PROMPT_TOKENS, model.maxTokens() - 1);
    return new Replay(
        Challenges.draw(model.tokenizer(), model.engine().vocabularySize(), count, length, seed));
  }

  /**
   * How an endpoint scores the tokens, of each challenge all but the first.
   *
   * @throws dev.quern.store.QuernException UNAVAILABLE when it does not answer, or not in this form
   */
  List<TokenScore> scores(Endpoint endpoint) {
    List<TokenScore> scores = new ArrayList<>();
    challenges.forEach(prompt -> scores.addAll(endpoint.score(prompt)));
    return scores;
  }

  /** How weights score them. */
  List<TokenScore> scores(LoadedLanguageModel model) {
    List<TokenScore> scores = new ArrayList<>();
    challenges.forEach(prompt -> scores.addAll(ReferenceScores.score(model, prompt)));
    return scores;
  }
}
