package dev.quern.supplier.attest;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationListener;
import dev.quern.engine.generate.GenerationRequest;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.generate.SamplingParameters;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Scores prompts with the weights at hand. */
final class ReferenceScores {
  private ReferenceScores() {}

  /** Of each token but the first. */
  static List<TokenScore> score(LoadedLanguageModel model, int[] prompt) {
    Listener listener = new Listener();
    model
        .engine()
        .submit(
            new GenerationRequest(
                UUID.randomUUID().toString(), prompt, scoring(), 0, OptionalLong.empty(), ""),
            listener);
    try {
      return listener.scores.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof QuernException known
          ? known
          : new QuernException(ErrorCategory.INTERNAL, "the weights could not be run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuernException(ErrorCategory.UNAVAILABLE, "interrupted", e);
    }
  }

  private static SamplingParameters scoring() {
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
        0,
        0,
        Set.of(),
        -1,
        1);
  }

  /** Called on the device's thread. */
  private static final class Listener implements GenerationListener {
    private final CompletableFuture<List<TokenScore>> scores = new CompletableFuture<>();
    private final List<TokenScore> found = new ArrayList<>();

    @Override
    public void onStarted(int cachedTokens) {}

    @Override
    public void onPromptScored(List<SampledToken> tokens) {
      for (SampledToken token : tokens) {
        if (!token.top().isEmpty()) {
          found.add(new TokenScore(token.logprob(), token.top().getFirst().tokenId()));
        }
      }
    }

    @Override
    public void onToken(SampledToken token) {}

    @Override
    public void onFinished(FinishReason reason, GenerationStats stats) {
      scores.complete(List.copyOf(found));
    }

    @Override
    public void onFailed(QuernException error) {
      scores.completeExceptionally(error);
    }
  }
}
