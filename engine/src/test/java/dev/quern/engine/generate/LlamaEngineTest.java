package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.model.LoadOptions;
import dev.quern.engine.model.Models;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * The engine on a real small Llama in fp32, on a real backend: libtorch unless {@link #open} says
 * else.
 */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LlamaEngineTest {
  private static final int VOCABULARY = 256;

  /** Steps that still fail: the decorator throws when a step opens its workspace. */
  private final AtomicInteger failures = new AtomicInteger();

  private final DeviceThread device = DeviceThread.start("llama-test", () -> failing(open()));
  private final List<ScheduledEngine> engines = new ArrayList<>();

  /** Opens the backend on the calling thread. */
  Backend open() {
    return TorchBackend.open(2);
  }

  @AfterEach
  void closeEngines() {
    engines.forEach(ScheduledEngine::close);
    engines.clear();
  }

  @AfterAll
  void closeDevice() {
    device.close();
  }

  /** How many tokens sixteen requests generate each. */
  int tokensOfEach() {
    return 30;
  }

  @Test
  void sixteenTogetherEqualEachAlone() {
    ScheduledEngine alone = engine(1, 1024, 100);
    ScheduledEngine together = engine(16, 48, 200);
    List<Recorder> expected = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      expected.add(submit(alone, prompt(i, 5 + 5 * i), Requests.greedy(tokensOfEach())).await());
    }
    List<Recorder> actual = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      actual.add(submit(together, prompt(i, 5 + 5 * i), Requests.greedy(tokensOfEach())));
    }
    assertSameTokens(expected, actual);
    assertEquals(0, settled(together).preemptions());
  }

  @Test
  void preemptionUnderATinyCacheChangesNothing() {
    ScheduledEngine large = engine(8, 64, 200);
    ScheduledEngine tiny = engine(8, 64, 8);
    List<Recorder> expected = new ArrayList<>();
    List<Recorder> actual = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      expected.add(submit(large, prompt(i, 10 + 5 * i), Requests.greedy(50)));
      actual.add(submit(tiny, prompt(i, 10 + 5 * i), Requests.greedy(50)));
    }
    assertSameTokens(expected, actual);
    assertTrue(settled(tiny).preemptions() > 0);
    assertEquals(0, settled(tiny).kvBlocksUsed());
  }

  @Test
  void aPrefixHitGivesTheSameTokens() {
    ScheduledEngine engine = engine(4, 64, 100);
    Recorder first = submit(engine, prompt(1, 70), Requests.greedy(30)).await();
    Recorder second = submit(engine, prompt(1, 70), Requests.greedy(30)).await();
    assertEquals(64, second.stats().cachedTokens());
    assertArrayEquals(first.ids(), second.ids());
  }

  @Test
  void aSeedReproducesInAnyBatch() {
    ScheduledEngine engine = engine(8, 64, 200);
    SamplingParameters seeded = sampled(5);
    int[] alone = submit(engine, prompt(1, 20), seeded).await().ids();
    List<Recorder> crowd = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      crowd.add(submit(engine, prompt(20 + i, 30), sampled(i)));
    }
    assertArrayEquals(alone, submit(engine, prompt(1, 20), seeded).await().ids());
    crowd.forEach(Recorder::await);
  }

  @Test
  void promptScoresDoNotDependOnChunks() {
    Recorder whole =
        submit(engine(4, 1024, 100), prompt(4, 60), Requests.withLogprobs(5, 1, 1)).await();
    Recorder chunked =
        submit(engine(4, 7, 100), prompt(4, 60), Requests.withLogprobs(5, 1, 1)).await();
    List<SampledToken> expected = Objects.requireNonNull(whole.promptScores());
    List<SampledToken> actual = Objects.requireNonNull(chunked.promptScores());
    assertEquals(59, expected.size());
    for (int i = 0; i < 59; i++) {
      assertEquals(expected.get(i).tokenId(), actual.get(i).tokenId());
      assertEquals(expected.get(i).logprob(), actual.get(i).logprob(), 1e-4);
    }
    assertArrayEquals(whole.ids(), chunked.ids());
  }

  @Test
  void cancellingFreesBlocksAndAFullQueueRefuses() throws InterruptedException {
    ScheduledEngine engine = engine(1, 64, 100);
    CountDownLatch speaking = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Recorder first =
        new Recorder() {
          @Override
          public synchronized void onToken(SampledToken token) {
            super.onToken(token);
            speaking.countDown();
            try {
              goOn.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
        };
    GenerationHandle handle = engine.submit(Requests.of(prompt(1, 40), Requests.greedy(80)), first);
    speaking.await();
    List<Recorder> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      waiting.add(submit(engine, prompt(i, 10), Requests.greedy(3)));
    }
    QuernException refused =
        assertThrows(QuernException.class, () -> submit(engine, prompt(9, 10), Requests.greedy(3)));
    assertEquals(ErrorCategory.OVERLOADED, refused.category());
    handle.finish(FinishReason.CANCELLED);
    goOn.countDown();
    assertEquals(FinishReason.CANCELLED, first.await().reason());
    assertEquals(1, first.ids().length);
    waiting.forEach(recorder -> assertEquals(3, recorder.await().ids().length));
    assertEquals(0, settled(engine).kvBlocksUsed());
  }

  @Test
  void aFailedStepCostsItsRequestsAndTheCacheOnly() {
    ScheduledEngine engine = engine(4, 64, 100);
    int[] expected = submit(engine, prompt(1, 40), Requests.greedy(20)).await().ids();
    failures.set(1);
    Recorder victim = submit(engine, prompt(1, 40), Requests.greedy(20)).await();
    assertEquals(ErrorCategory.UNAVAILABLE, victim.error().category());
    Recorder after = submit(engine, prompt(1, 40), Requests.greedy(20)).await();
    assertArrayEquals(expected, after.ids());
    assertEquals(0, after.stats().cachedTokens());
    assertEquals(1, settled(engine).engineFailures());
    assertTrue(settled(engine).healthy());
  }

  /** The real backend, but steps fail while {@link #failures} says so. */
  private Backend failing(Backend real) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("openWorkspace")
                  && failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new QuernException(ErrorCategory.INTERNAL, "injected");
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            });
  }

  private ScheduledEngine engine(int sequences, int batchTokens, int blocks) {
    ScheduledEngine engine =
        ScheduledEngine.start(
            device,
            backend ->
                Models.load(
                    Checkpoint.open(llama()), backend, LoadOptions.defaults().withDtype(DType.F32)),
            new EngineSettings(
                "llama",
                OptionalInt.empty(),
                sequences,
                Math.max(batchTokens, sequences),
                // 2 layers of 2 heads of 16, keys and values, 4 bytes, 16 tokens.
                OptionalLong.of(blocks * 2L * 2 * 2 * 16 * 4 * 16),
                4 + 16 * (sequences - 1)));
    engines.add(engine);
    return engine;
  }

  private EngineSnapshot settled(ScheduledEngine engine) {
    return device.call(backend -> engine.snapshot());
  }

  private static Path llama() {
    try {
      return Path.of(
          Objects.requireNonNull(LlamaEngineTest.class.getResource("/families/llama")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SamplingParameters sampled(long seed) {
    return Requests.withMaxTokens(Requests.random(1, 40, 0.95, 0, seed), 40);
  }

  private static Recorder submit(
      ScheduledEngine engine, int[] prompt, SamplingParameters sampling) {
    Recorder recorder = new Recorder();
    engine.submit(Requests.of(prompt, sampling), recorder);
    return recorder;
  }

  private static int[] prompt(int seed, int length) {
    return new Random(seed).ints(length, 3, VOCABULARY).toArray();
  }

  private static void assertSameTokens(List<Recorder> expected, List<Recorder> actual) {
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i).await().ids(), actual.get(i).await().ids(), "request " + i);
    }
  }
}
