package dev.quern.engine.generate;

import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Writes down what a listener hears. */
class Recorder implements GenerationListener {
  private final List<SampledToken> tokens = new ArrayList<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private int starts;
  private int terminals;
  private @Nullable List<SampledToken> promptScores;
  private @Nullable FinishReason reason;
  private @Nullable GenerationStats stats;
  private @Nullable QuernException error;

  @Override
  public synchronized void onStarted(int cachedTokens) {
    starts++;
  }

  @Override
  public synchronized void onPromptScored(List<SampledToken> scores) {
    if (promptScores != null || !tokens.isEmpty()) {
      throw new IllegalStateException("prompt scored twice or late");
    }
    promptScores = scores;
  }

  @Override
  public synchronized void onToken(SampledToken token) {
    if (terminals > 0 || starts != 1) {
      throw new IllegalStateException("a token after the end or before the start");
    }
    tokens.add(token);
  }

  @Override
  public synchronized void onFinished(FinishReason how, GenerationStats figures) {
    terminals++;
    reason = how;
    stats = figures;
    ended.countDown();
  }

  @Override
  public synchronized void onFailed(QuernException why) {
    terminals++;
    error = why;
    ended.countDown();
  }

  Recorder await() {
    try {
      if (!ended.await(60, TimeUnit.SECONDS)) {
        throw new AssertionError("the request has not ended");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return this;
  }

  synchronized int[] ids() {
    return tokens.stream().mapToInt(SampledToken::tokenId).toArray();
  }

  synchronized List<SampledToken> tokens() {
    return List.copyOf(tokens);
  }

  synchronized int terminals() {
    return terminals;
  }

  synchronized @Nullable List<SampledToken> promptScores() {
    return promptScores;
  }

  synchronized @Nullable FinishReason reason() {
    return reason;
  }

  synchronized GenerationStats stats() {
    if (stats == null) {
      throw new AssertionError("not finished: " + error);
    }
    return stats;
  }

  synchronized QuernException error() {
    if (error == null) {
      throw new AssertionError("not failed: " + reason);
    }
    return error;
  }
}
