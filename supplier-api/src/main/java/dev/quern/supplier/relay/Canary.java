package dev.quern.supplier.relay;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationEngine;
import dev.quern.engine.generate.GenerationHandle;
import dev.quern.engine.generate.GenerationListener;
import dev.quern.engine.generate.GenerationRequest;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.generate.SamplingParameters;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a model the same question again and again, before everybody else, and compares the greedy
 * tokens with those it gave when it was loaded. A model that is slow or says something else is not
 * ready.
 *
 * <p>Sums of floats depend a little on what shares a step, so that a near tie may fall either way:
 * only tokens that led by {@value #CLEAR_LEAD} in log-probability are compared.
 */
public final class Canary implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Canary.class);

  /** The model's own words follow; any tokenizer knows these. */
  public static final String PROMPT = "One, two, three, four, five. Once upon a time there was";

  private static final int TOKENS = 12;
  private static final float CLEAR_LEAD = 0.5f;

  /** Before everything that a client may ask for. */
  private static final int PRIORITY = -2 * GenerationRequest.RELAY_PRIORITY;

  /** A tie at the border may fall otherwise once; a broken model answers wrongly again. */
  private static final int TRIES = 2;

  private final String name;
  private final GenerationEngine engine;
  private final int[] prompt;
  private final CanarySettings settings;
  private final Thread thread;
  private volatile Optional<String> fault = Optional.empty();

  // Touched by the thread alone.
  private List<Integer> expected = List.of();
  private boolean known;
  private long runs;

  private Canary(String name, GenerationEngine engine, int[] prompt, CanarySettings settings) {
    this.name = name;
    this.engine = engine;
    this.prompt = prompt;
    this.settings = settings;
    this.thread = Thread.ofVirtual().name("canary").unstarted(this::run);
  }

  /**
   * Watches until it is closed.
   *
   * @param name the public name, for the reason
   * @param prompt {@link #PROMPT} in the model's tokens
   */
  public static Canary start(
      String name, GenerationEngine engine, int[] prompt, CanarySettings settings) {
    Canary canary = new Canary(name, engine, prompt, settings);
    canary.thread.start();
    return canary;
  }

  /** Why the model is not ready, if it is not. */
  public Optional<String> fault() {
    return fault;
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  private void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        judge();
        TimeUnit.SECONDS.sleep(settings.seconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void judge() throws InterruptedException {
    Optional<String> found = Optional.empty();
    for (int attempt = 0; attempt < TRIES; attempt++) {
      found = ask();
      if (found.isEmpty()) {
        break;
      }
    }
    if (!found.equals(fault)) {
      if (found.isPresent()) {
        LOG.error("not ready: {}", found.get());
      } else {
        LOG.info("{}: the canary is well again", name);
      }
    }
    fault = found;
  }

  private Optional<String> ask() throws InterruptedException {
    Answer answer = new Answer();
    GenerationRequest request =
        new GenerationRequest(
            "canary-" + runs++, prompt, greedy(), PRIORITY, OptionalLong.empty(), "canary");
    GenerationHandle handle;
    try {
      handle = engine.submit(request, answer);
    } catch (QuernException e) {
      // A full queue is no fault of the model's, and a server that stops is not ready anyway.
      return e.category() == ErrorCategory.OVERLOADED || e.category() == ErrorCategory.UNAVAILABLE
          ? fault
          : Optional.of("the canary of " + name + " was refused: " + e.message());
    }
    try {
      return compare(answer.tokens.get(settings.limitSeconds(), TimeUnit.SECONDS));
    } catch (TimeoutException e) {
      handle.finish(FinishReason.CANCELLED);
      return Optional.of(
          "the canary of " + name + " was not answered in " + settings.limitSeconds() + " s");
    } catch (ExecutionException e) {
      return Optional.of("the canary of " + name + " failed");
    } catch (InterruptedException e) {
      handle.finish(FinishReason.CANCELLED);
      throw e;
    }
  }

  private Optional<String> compare(List<SampledToken> tokens) {
    if (!known) {
      known = true;
      expected = clearTokens(tokens);
      return Optional.empty();
    }
    List<Integer> now = tokens.stream().map(SampledToken::tokenId).toList();
    return now.size() >= expected.size() && now.subList(0, expected.size()).equals(expected)
        ? Optional.empty()
        : Optional.of("the canary of " + name + " has other tokens than when the model was loaded");
  }

  /** Those before the first one that did not lead clearly. */
  static List<Integer> clearTokens(List<SampledToken> tokens) {
    List<Integer> clear = new ArrayList<>();
    for (SampledToken token : tokens) {
      List<SampledToken.TokenLogprob> top = token.top();
      if (top.size() < 2 || !(top.get(0).logprob() - top.get(1).logprob() >= CLEAR_LEAD)) {
        break;
      }
      clear.add(token.tokenId());
    }
    return clear;
  }

  private static SamplingParameters greedy() {
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
        TOKENS,
        0,
        Set.of(),
        2,
        -1);
  }

  /** Hears on the engine's thread. */
  private static final class Answer implements GenerationListener {
    final CompletableFuture<List<SampledToken>> tokens = new CompletableFuture<>();
    private final List<SampledToken> sofar = new ArrayList<>();

    @Override
    public void onStarted(int cachedTokens) {}

    @Override
    public void onPromptScored(List<SampledToken> scored) {}

    @Override
    public void onToken(SampledToken token) {
      sofar.add(token);
    }

    @Override
    public void onFinished(FinishReason reason, GenerationStats stats) {
      if (reason == FinishReason.CANCELLED) {
        tokens.completeExceptionally(
            new QuernException(ErrorCategory.UNAVAILABLE, "the canary was cancelled"));
      } else {
        tokens.complete(List.copyOf(sofar));
      }
    }

    @Override
    public void onFailed(QuernException error) {
      tokens.completeExceptionally(error);
    }
  }
}
