package dev.quern.supplier.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.generate.EngineSnapshot;
import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationEngine;
import dev.quern.engine.generate.GenerationHandle;
import dev.quern.engine.generate.GenerationListener;
import dev.quern.engine.generate.GenerationRequest;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.RelayShare;
import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.store.DemoModel;
import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real model, and faults between it and the canary. */
@Timeout(300)
class CanaryTest {
  private static final CanarySettings OFTEN = new CanarySettings(1, 60);

  @Test
  void aModelThatSaysOtherThingsIsNotReadyUntilItIsWellAgain(@TempDir Path cache) throws Exception {
    try (ModelRuntime runtime = new ModelRuntime()) {
      LoadedLanguageModel model =
          (LoadedLanguageModel)
              runtime.load("demo", DemoModel.extract(cache), ModelSettings.defaults());
      int[] prompt = model.tokenizer().encode(Canary.PROMPT, true);
      FaultyEngine engine = new FaultyEngine(model.engine());
      try (Canary canary = Canary.start("public", engine, prompt, OFTEN)) {
        while (engine.asked.get() < 2) {
          Thread.sleep(10);
        }
        assertEquals(Optional.empty(), canary.fault());
        engine.offset = 1;
        String reason = await(canary, Optional::isPresent).orElseThrow();
        assertTrue(reason.contains("public") && reason.contains("other tokens"), reason);
        engine.offset = 0;
        await(canary, Optional::isEmpty);
      }
    }
  }

  @Test
  void aModelThatDoesNotAnswerInTimeIsNotReady(@TempDir Path cache) throws Exception {
    try (ModelRuntime runtime = new ModelRuntime()) {
      LoadedLanguageModel model =
          (LoadedLanguageModel)
              runtime.load("demo", DemoModel.extract(cache), ModelSettings.defaults());
      int[] prompt = model.tokenizer().encode(Canary.PROMPT, true);
      FaultyEngine engine = new FaultyEngine(model.engine());
      engine.silent = true;
      try (Canary canary = Canary.start("public", engine, prompt, new CanarySettings(1, 1))) {
        String reason = await(canary, Optional::isPresent).orElseThrow();
        assertTrue(reason.contains("not answered in 1 s"), reason);
      }
    }
  }

  @Test
  void onlyClearTokensAreCompared() {
    SampledToken clear = token(1, -0.1f, -3f);
    SampledToken tie = token(2, -0.7f, -0.8f);
    assertEquals(List.of(1), Canary.clearTokens(List.of(clear, tie, clear)));
    assertEquals(List.of(1, 1), Canary.clearTokens(List.of(clear, clear)));
    assertEquals(List.of(), Canary.clearTokens(List.of(token(1, Float.NaN, Float.NaN))));
  }

  private static SampledToken token(int id, float first, float second) {
    return new SampledToken(
        id,
        first,
        List.of(
            new SampledToken.TokenLogprob(id, first, 1),
            new SampledToken.TokenLogprob(id + 1, second, 2)));
  }

  private static Optional<String> await(Canary canary, Predicate<Optional<String>> state)
      throws InterruptedException {
    while (!state.test(canary.fault())) {
      Thread.sleep(10);
    }
    return canary.fault();
  }

  /** Passes everything on; changes the tokens or never tells of the end. */
  private static final class FaultyEngine implements GenerationEngine {
    private final GenerationEngine engine;
    private volatile int offset;
    private volatile boolean silent;
    private final AtomicInteger asked = new AtomicInteger();

    FaultyEngine(GenerationEngine engine) {
      this.engine = engine;
    }

    @Override
    public GenerationHandle submit(GenerationRequest request, GenerationListener listener) {
      return engine.submit(
          request,
          new GenerationListener() {
            @Override
            public void onStarted(int cachedTokens) {
              listener.onStarted(cachedTokens);
            }

            @Override
            public void onPromptScored(List<SampledToken> tokens) {
              listener.onPromptScored(tokens);
            }

            @Override
            public void onToken(SampledToken token) {
              listener.onToken(
                  new SampledToken(token.tokenId() + offset, token.logprob(), token.top()));
            }

            @Override
            public void onFinished(FinishReason reason, GenerationStats stats) {
              if (!silent) {
                listener.onFinished(reason, stats);
              }
              asked.incrementAndGet();
            }

            @Override
            public void onFailed(QuernException error) {
              listener.onFailed(error);
            }
          });
    }

    @Override
    public EngineSnapshot snapshot() {
      return engine.snapshot();
    }

    @Override
    public int maxModelLength() {
      return engine.maxModelLength();
    }

    @Override
    public int vocabularySize() {
      return engine.vocabularySize();
    }

    @Override
    public void relayShare(RelayShare share) {
      engine.relayShare(share);
    }

    @Override
    public void drain(long millis) {
      engine.drain(millis);
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}
