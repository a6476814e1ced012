package dev.quern.bench.micro;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationListener;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.SampledToken;
import dev.quern.store.QuernException;
import java.util.List;

/** Hears of tokens and does nothing: where the publishing is not what is measured. */
public final class Silent implements GenerationListener {
  @Override
  public void onStarted(int cachedTokens) {}

  @Override
  public void onPromptScored(List<SampledToken> tokens) {}

  @Override
  public void onToken(SampledToken token) {}

  @Override
  public void onFinished(FinishReason reason, GenerationStats stats) {}

  @Override
  public void onFailed(QuernException error) {
    throw error;
  }
}
