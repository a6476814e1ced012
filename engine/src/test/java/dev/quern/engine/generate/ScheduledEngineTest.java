package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.device.DeviceThread;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ScheduledEngineTest {
  private static final long BLOCK_BYTES = 2 * 4 * 16;

  private final HostBackend backend = new HostBackend(drawsAhead());
  private final DeviceThread device = DeviceThread.start("test", () -> backend);
  private final ContextHashModel model = new ContextHashModel(512);
  private final List<ScheduledEngine> engines = new ArrayList<>();

  boolean drawsAhead() {
    return false;
  }

  @AfterEach
  void close() {
    engines.forEach(ScheduledEngine::close);
    device.close();
    assertEquals(0, backend.openCaches.get());
    assertEquals(0, backend.openDraws.get());
    assertTrue(backend.closed);
  }

  @Test
  void sixteenTogetherEqualEachAlone() {
    ScheduledEngine alone = engine(400, 1, 64, 100);
    ScheduledEngine together = engine(400, 16, 64, 100);
    List<Recorder> expected = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      expected.add(submit(alone, prompt(i, 7 + 11 * i), Requests.greedy(40)).await());
    }
    List<Recorder> actual = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      actual.add(submit(together, prompt(i, 7 + 11 * i), Requests.greedy(40)));
    }
    assertSame(expected, actual);
    assertEquals(0, settled(together).preemptions());
    assertEquals(16 * 40, settled(together).generationTokens());
  }

  @Test
  void preemptionUnderATinyCacheChangesNothing() {
    for (SamplingParameters sampling :
        List.of(
            Requests.greedy(60), Requests.withMaxTokens(Requests.random(1, 0, 0.9, 0, 3), 60))) {
      ScheduledEngine large = engine(400, 8, 64, 100);
      ScheduledEngine tiny = engine(12, 8, 64, 100);
      List<Recorder> expected = new ArrayList<>();
      List<Recorder> actual = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        expected.add(submit(large, prompt(i, 5 + 4 * i), sampling));
        actual.add(submit(tiny, prompt(i, 5 + 4 * i), sampling));
      }
      assertSame(expected, actual);
      assertTrue(settled(tiny).preemptions() > 0);
      assertEquals(0, settled(tiny).kvBlocksUsed());
    }
  }

  @Test
  void aPrefixHitGivesTheSameTokens() {
    ScheduledEngine engine = engine(400, 4, 64, 100);
    Recorder first = submit(engine, prompt(1, 100), Requests.greedy(30)).await();
    Recorder second = submit(engine, prompt(1, 100), Requests.greedy(30)).await();
    assertArrayEquals(first.ids(), second.ids());
    assertEquals(0, first.stats().cachedTokens());
    assertEquals(96, second.stats().cachedTokens());
    assertEquals(96, settled(engine).prefixHitTokens());
    assertEquals(200, settled(engine).promptTokens());
  }

  @Test
  void seedsReproduceAndNoSeedVaries() {
    ScheduledEngine engine = engine(400, 8, 64, 100);
    SamplingParameters seeded = Requests.withMaxTokens(Requests.random(1.2, 0, 1, 0, 11), 30);
    SamplingParameters other = Requests.withMaxTokens(Requests.random(1.2, 0, 1, 0, 12), 30);
    int[] first = submit(engine, prompt(1, 20), seeded).await().ids();
    List<Recorder> crowd =
        IntStream.range(0, 7).mapToObj(i -> submit(engine, prompt(i, 30), other)).toList();
    assertArrayEquals(first, submit(engine, prompt(1, 20), seeded).await().ids());
    crowd.forEach(Recorder::await);
    int[] different = submit(engine, prompt(1, 20), other).await().ids();
    assertFalse(Arrays.equals(first, different));
  }

  @Test
  void stopTokensAndLengthEndASequence() {
    ScheduledEngine engine = engine(100, 4, 64, 100);
    int[] all = submit(engine, prompt(1, 20), Requests.greedy(20)).await().ids();
    int stop = all[7];
    int place = IntStream.range(0, 20).filter(i -> all[i] == stop).findFirst().orElseThrow();
    Recorder stopped =
        submit(engine, prompt(1, 20), withStops(Requests.greedy(20), Set.of(stop), 0)).await();
    assertEquals(FinishReason.STOP, stopped.reason());
    assertEquals(stop, stopped.stats().stopToken());
    assertEquals(place + 1, stopped.ids().length);
    Recorder later =
        submit(engine, prompt(1, 20), withStops(Requests.greedy(20), Set.of(stop), 20)).await();
    assertEquals(20, later.ids().length, "min_tokens keeps the stop token away");
    assertEquals(FinishReason.LENGTH, later.reason());
    assertEquals(-1, later.stats().stopToken());
  }

  @Test
  void promptsAreScoredOnceAndWithoutOutputWhenAsked() {
    ScheduledEngine engine = engine(400, 4, 24, 100);
    Recorder plain = submit(engine, prompt(3, 70), Requests.greedy(10)).await();
    Recorder scored = submit(engine, prompt(3, 70), Requests.withLogprobs(10, 3, 2)).await();
    assertArrayEquals(plain.ids(), scored.ids());
    List<SampledToken> scores = scored.promptScores();
    assertNotNull(scores);
    assertEquals(69, scores.size());
    for (int i = 0; i < 69; i++) {
      assertEquals(prompt(3, 70)[i + 1], scores.get(i).tokenId());
      assertTrue(scores.get(i).logprob() < 0);
      assertEquals(2, scores.get(i).top().size());
    }
    SampledToken token = scored.tokens().getFirst();
    assertEquals(token.tokenId(), token.top().getFirst().tokenId());
    assertEquals(token.logprob(), token.top().getFirst().logprob());
    Recorder only = submit(engine, prompt(3, 70), Requests.withLogprobs(0, -1, 2)).await();
    assertEquals(scores, only.promptScores());
    assertEquals(0, only.ids().length);
    assertEquals(FinishReason.LENGTH, only.reason());
    Recorder single = submit(engine, prompt(3, 1), Requests.withLogprobs(2, -1, 0)).await();
    assertEquals(List.of(), single.promptScores());
  }

  @Test
  void cancellingFreesBlocksAtTheNextStep() throws InterruptedException {
    ScheduledEngine engine = engine(100, 1, 64, 100);
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    holdFirstStep(inStep, goOn);
    Recorder running = new Recorder();
    GenerationHandle runningHandle =
        engine.submit(Requests.of(prompt(1, 20), Requests.greedy(400)), running);
    inStep.await();
    Recorder waiting = new Recorder();
    GenerationHandle waitingHandle =
        engine.submit(Requests.of(prompt(2, 20), Requests.greedy(400)), waiting);
    assertEquals(1, engine.snapshot().waiting());
    runningHandle.finish(FinishReason.CANCELLED);
    runningHandle.finish(FinishReason.STOP);
    waitingHandle.finish(FinishReason.CANCELLED);
    goOn.countDown();
    assertEquals(FinishReason.CANCELLED, running.await().reason());
    assertEquals(FinishReason.CANCELLED, waiting.await().reason());
    int read = drawsAhead() ? 0 : 1;
    assertEquals(read, running.ids().length, "no token after the cancellation");
    assertEquals(0, waiting.ids().length);
    submit(engine, prompt(3, 20), Requests.greedy(1)).await();
    assertEquals(0, settled(engine).kvBlocksUsed());
    runningHandle.finish(FinishReason.CANCELLED);
    submit(engine, prompt(3, 20), Requests.greedy(1)).await();
    assertEquals(1, running.terminals());
    assertEquals(1, waiting.terminals());
  }

  @Test
  void aFullQueueRefuses() throws InterruptedException {
    ScheduledEngine engine = engine(100, 1, 64, 3);
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    holdFirstStep(inStep, goOn);
    List<Recorder> accepted = new ArrayList<>();
    accepted.add(submit(engine, prompt(0, 20), Requests.greedy(3)));
    inStep.await();
    for (int i = 1; i < 4; i++) {
      accepted.add(submit(engine, prompt(i, 20), Requests.greedy(3)));
    }
    QuernException error =
        assertThrows(QuernException.class, () -> submit(engine, prompt(9, 20), Requests.greedy(3)));
    assertEquals(ErrorCategory.OVERLOADED, error.category());
    goOn.countDown();
    accepted.forEach(recorder -> assertEquals(3, recorder.await().ids().length));
    assertEquals(3, submit(engine, prompt(9, 20), Requests.greedy(3)).await().ids().length);
  }

  @Test
  void aDeadlinePassedInTheQueueFailsTheRequest() throws InterruptedException {
    ScheduledEngine engine = engine(100, 1, 64, 3);
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    holdFirstStep(inStep, goOn);
    Recorder first = submit(engine, prompt(0, 20), Requests.greedy(30));
    inStep.await();
    Recorder late = new Recorder();
    engine.submit(
        new GenerationRequest(
            "late", prompt(1, 20), Requests.greedy(3), 0, OptionalLong.of(System.nanoTime()), ""),
        late);
    goOn.countDown();
    assertEquals(ErrorCategory.OVERLOADED, late.await().error().category());
    assertEquals(30, first.await().ids().length);
    assertEquals(0, settled(engine).waiting());
  }

  @Test
  void betterPrioritiesGoFirst() throws InterruptedException {
    ScheduledEngine engine = engine(100, 1, 64, 100);
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    holdFirstStep(inStep, goOn);
    List<String> order = new ArrayList<>();
    List<Recorder> all = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      int priority = 5 - i;
      Recorder recorder =
          new Recorder() {
            @Override
            public synchronized void onFinished(FinishReason how, GenerationStats figures) {
              synchronized (order) {
                order.add("p" + priority);
              }
              super.onFinished(how, figures);
            }
          };
      all.add(recorder);
      engine.submit(Requests.withPriority(prompt(i, 20), Requests.greedy(20), priority), recorder);
      if (i == 0) {
        inStep.await();
      }
    }
    goOn.countDown();
    all.forEach(recorder -> assertEquals(20, recorder.await().ids().length));
    // The first one was running alone and gave way.
    assertEquals(List.of("p1", "p2", "p3", "p4", "p5"), order);
    assertEquals(1, all.getFirst().stats().preemptions());
  }

  @Test
  void anOwnRequestEndsAStepOfRelaysAndTheyLoseNothing() throws InterruptedException {
    ScheduledEngine engine = engine(400, 4, 64, 100);
    int[] expected = submit(engine, prompt(1, 100), Requests.greedy(20)).await().ids();
    ScheduledEngine fresh = engine(400, 4, 64, 100);
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    holdFirstStep(inStep, goOn);
    int before = model.forwards.get();
    Recorder relay = new Recorder();
    fresh.submit(
        Requests.withPriority(
            prompt(1, 100), Requests.greedy(20), GenerationRequest.RELAY_PRIORITY),
        relay);
    inStep.await();
    Recorder own = submit(fresh, prompt(2, 30), Requests.greedy(1));
    goOn.countDown();
    assertEquals(1, own.await().ids().length);
    assertArrayEquals(expected, relay.await().ids());
    assertEquals(1, settled(fresh).relayStepsAbandoned());
    assertEquals(0, settled(fresh).engineFailures());
    assertEquals(0, relay.stats().preemptions());
    // One step was lost, one is the own request's; the relay's prompt takes two, then 19 tokens.
    assertEquals(1 + 1 + 2 + 19, model.forwards.get() - before);
  }

  @Test
  void relaysGetOnThoughOwnRequestsNeverCease() {
    ScheduledEngine engine = engine(400, 4, 64, 1000);
    List<Recorder> own = new ArrayList<>();
    model.before(
        batch -> {
          // Each step of the relay sees another own request come, of ten tokens.
          if (batch.tokens() != 10 && own.size() < 100) {
            own.add(submit(engine, prompt(own.size(), 10), Requests.greedy(0)));
          }
        });
    Recorder relay = new Recorder();
    engine.submit(
        Requests.withPriority(prompt(1, 20), Requests.greedy(3), GenerationRequest.RELAY_PRIORITY),
        relay);
    assertEquals(3, relay.await().ids().length);
    own.forEach(Recorder::await);
    assertEquals(9, settled(engine).relayStepsAbandoned(), "three before each of its steps");
  }

  @Test
  void aListenerThatThrowsFailsItsOwnRequestAlone() {
    ScheduledEngine engine = engine(100, 4, 64, 100);
    AtomicInteger heard = new AtomicInteger();
    Recorder broken =
        new Recorder() {
          @Override
          public synchronized void onToken(SampledToken token) {
            if (heard.incrementAndGet() == 3) {
              throw new IllegalStateException("broken on purpose");
            }
          }
        };
    Recorder sound = submit(engine, prompt(1, 20), Requests.greedy(20));
    engine.submit(Requests.of(prompt(2, 20), Requests.greedy(20)), broken);
    assertEquals(20, sound.await().ids().length);
    assertEquals(ErrorCategory.INTERNAL, broken.await().error().category());
    assertEquals(3, heard.get());
    assertEquals(1, broken.terminals());
    assertEquals(0, settled(engine).engineFailures());
  }

  @Test
  void aFailedStepCostsItsRequestsAndTheCacheOnly() {
    ScheduledEngine engine = engine(100, 4, 64, 100);
    int[] expected = submit(engine, prompt(1, 40), Requests.greedy(20)).await().ids();
    for (int failure = 1; failure <= 4; failure++) {
      model.before(
          batch -> {
            throw new IllegalStateException("injected");
          });
      Recorder victim = submit(engine, prompt(1, 40), Requests.greedy(20)).await();
      assertEquals(ErrorCategory.UNAVAILABLE, victim.error().category());
      assertTrue(victim.error().message().contains("injected"));
      assertEquals(failure < 3, settled(engine).healthy());
    }
    assertEquals(4, settled(engine).engineFailures());
    model.before(batch -> {});
    Recorder after = submit(engine, prompt(1, 40), Requests.greedy(20)).await();
    assertArrayEquals(expected, after.ids());
    assertEquals(0, after.stats().cachedTokens(), "the old content is gone with its cache");
    assertTrue(settled(engine).healthy());
    assertEquals(5, backend.cachesMade.get(), "one at the start, one after each failure");
  }

  @Test
  void outOfMemoryMakesStepsSmallerAndLosesNobody() {
    ScheduledEngine engine = engine(100, 4, 256, 100);
    int[] expected = submit(engine, prompt(1, 200), Requests.greedy(20)).await().ids();
    AtomicInteger largest = new AtomicInteger();
    model.before(
        batch -> {
          if (batch.tokens() > 40) {
            throw new QuernException(ErrorCategory.OUT_OF_MEMORY, "injected: no memory");
          }
          largest.accumulateAndGet(batch.tokens(), Math::max);
        });
    List<Recorder> all = new ArrayList<>();
    for (int i = 2; i < 6; i++) {
      all.add(submit(engine, prompt(i, 200), Requests.greedy(20)));
    }
    all.forEach(recorder -> assertEquals(20, recorder.await().ids().length));
    assertEquals(32, largest.get());
    assertArrayEquals(expected, submit(engine, prompt(1, 200), Requests.greedy(20)).await().ids());
    assertTrue(settled(engine).healthy());
  }

  @Test
  void anErrorOfTheMachineEndsTheEngineClearly() {
    ScheduledEngine engine = engine(100, 4, 64, 100);
    model.before(
        batch -> {
          throw new OutOfMemoryError("injected");
        });
    Recorder victim = submit(engine, prompt(1, 20), Requests.greedy(20)).await();
    assertEquals(ErrorCategory.UNAVAILABLE, victim.error().category());
    QuernException error =
        assertThrows(
            QuernException.class, () -> submit(engine, prompt(2, 20), Requests.greedy(20)));
    assertEquals(ErrorCategory.UNAVAILABLE, error.category());
    assertFalse(engine.snapshot().healthy());
  }

  @Test
  void whatCanNeverWorkIsRefusedWithFieldAndNumbers() {
    ScheduledEngine engine = engine(100, 4, 64, 100);
    QuernException error =
        assertThrows(
            QuernException.class, () -> submit(engine, prompt(1, 500), Requests.greedy(13)));
    assertEquals("max_tokens", error.field());
    assertTrue(error.message().contains("500") && error.message().contains("512"));
    assertEquals(
        "prompt",
        assertThrows(QuernException.class, () -> submit(engine, prompt(1, 512), Requests.greedy(1)))
            .field());
    assertEquals(
        "prompt",
        assertThrows(QuernException.class, () -> submit(engine, new int[] {64}, Requests.greedy(1)))
            .field());
    assertEquals(
        "prompt",
        assertThrows(QuernException.class, () -> submit(engine, new int[] {}, Requests.greedy(1)))
            .field());
    assertEquals(
        "stop_token_ids",
        assertThrows(
                QuernException.class,
                () -> submit(engine, prompt(1, 5), withStops(Requests.greedy(3), Set.of(-1), 0)))
            .field());
    Recorder whole = submit(engine, prompt(1, 512), Requests.greedy(0)).await();
    assertEquals(FinishReason.LENGTH, whole.reason());
  }

  @Test
  void drainingFailsTheWaitingAndFinishesTheRunning() throws InterruptedException {
    ScheduledEngine engine = engine(100, 1, 64, 100);
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger steps = new AtomicInteger();
    Recorder waiting = new Recorder();
    model.before(
        batch -> {
          inStep.countDown();
          // The second step comes when the drain has begun: it must have failed the waiting one.
          if (steps.getAndIncrement() < 1) {
            awaitLatch(goOn);
          }
        });
    Recorder running = submit(engine, prompt(1, 20), Requests.greedy(50));
    inStep.await();
    engine.submit(Requests.of(prompt(2, 20), Requests.greedy(50)), waiting);
    Thread drain = Thread.ofVirtual().start(() -> engine.drain(60_000));
    // Parked in the call to the device or in the wait for it: the order to fail is queued.
    while (drain.getState() != Thread.State.WAITING
        && drain.getState() != Thread.State.TIMED_WAITING) {
      Thread.sleep(1);
    }
    goOn.countDown();
    drain.join();
    assertEquals(50, running.await().ids().length);
    assertEquals(ErrorCategory.UNAVAILABLE, waiting.await().error().category());
    QuernException error =
        assertThrows(QuernException.class, () -> submit(engine, prompt(3, 20), Requests.greedy(5)));
    assertEquals(ErrorCategory.UNAVAILABLE, error.category());
  }

  @Test
  void drainingCancelsWhatTakesTooLong() throws InterruptedException {
    ScheduledEngine engine = engine(100, 1, 64, 100);
    CountDownLatch started = new CountDownLatch(1);
    model.before(
        batch -> {
          started.countDown();
          try {
            Thread.sleep(5);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    Recorder running = submit(engine, prompt(1, 20), Requests.greedy(490));
    started.await();
    engine.drain(20);
    assertEquals(FinishReason.CANCELLED, running.await().reason());
    engine.close();
    assertTrue(model.closed);
  }

  @Test
  void twoEnginesTakeTurnsOnOneDevice() {
    ScheduledEngine one = engine(100, 4, 64, 100);
    ScheduledEngine two = engine(100, 4, 64, 100);
    Recorder long1 = submit(one, prompt(1, 20), Requests.greedy(400));
    Recorder short2 = submit(two, prompt(1, 20), Requests.greedy(5));
    short2.await();
    assertArrayEquals(Arrays.copyOf(long1.await().ids(), 5), short2.ids(), "the same model");
    assertTrue(short2.stats().finishedNanos() < long1.stats().finishedNanos());
  }

  @Test
  void stepsAreReported() {
    ScheduledEngine engine = engine(100, 4, 64, 100);
    List<StepListener.StepReport> reports = new ArrayList<>();
    engine.addStepListener(reports::add);
    submit(engine, prompt(1, 100), Requests.greedy(5)).await();
    submit(engine, prompt(2, 1), Requests.greedy(1)).await();
    assertEquals(7, settled(engine).steps());
    assertEquals(List.of(64, 36, 1, 1, 1, 1, 1), reports.stream().map(r -> r.tokens()).toList());
  }

  /** The snapshot follows the step's last call to a listener: look between two steps. */
  private EngineSnapshot settled(ScheduledEngine engine) {
    return device.call(opened -> engine.snapshot());
  }

  private void holdFirstStep(CountDownLatch inStep, CountDownLatch goOn) {
    model.before(
        batch -> {
          inStep.countDown();
          awaitLatch(goOn);
        });
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private ScheduledEngine engine(int blocks, int sequences, int batchTokens, int maxWaiting) {
    ScheduledEngine engine =
        ScheduledEngine.start(
            device,
            opened -> model,
            new EngineSettings(
                "test",
                blocks * 16 < 512 ? OptionalInt.of(blocks * 16) : OptionalInt.empty(),
                sequences,
                batchTokens,
                OptionalLong.of(blocks * BLOCK_BYTES),
                maxWaiting));
    engines.add(engine);
    return engine;
  }

  private static Recorder submit(
      ScheduledEngine engine, int[] prompt, SamplingParameters sampling) {
    Recorder recorder = new Recorder();
    engine.submit(Requests.of(prompt, sampling), recorder);
    return recorder;
  }

  private static int[] prompt(int seed, int length) {
    return new Random(seed).ints(length, 0, ContextHashModel.VOCABULARY).toArray();
  }

  private static void assertSame(List<Recorder> expected, List<Recorder> actual) {
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i).await().ids(), actual.get(i).await().ids(), "request " + i);
      assertEquals(1, actual.get(i).terminals());
    }
  }

  private static SamplingParameters withStops(
      SamplingParameters base, Set<Integer> stops, int minTokens) {
    return new SamplingParameters(
        base.temperature(),
        0,
        1,
        0,
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        base.seed(),
        base.maxTokens(),
        minTokens,
        stops,
        -1,
        -1);
  }
}
