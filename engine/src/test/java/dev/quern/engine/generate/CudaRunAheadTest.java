package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.model.LoadOptions;
import dev.quern.engine.model.Models;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.cuda.TestGpu;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A real small model in fp32 on the emulated GPU, whose tokens are drawn there and read while the
 * next step is queued.
 */
@Timeout(300)
class CudaRunAheadTest {
  private static final int VOCABULARY = 256;
  private static final int TOKENS = 14;

  /**
   * Ways to draw, together in one batch: the same tokens as on the CPU, which draws on the host.
   */
  @Test
  void allWaysToDrawGiveWhatTheyGiveOnTheCpuAndWithoutRunningAhead() {
    List<SamplingParameters> ways = ways();
    List<Recorder> cpu = answers(() -> TorchBackend.open(2), ways, 4);
    List<Recorder> ahead = answers(() -> TestGpu.open(EmulatorMode.DEFAULT), ways, 5);
    List<Recorder> atOnce = answers(() -> atOnce(TestGpu.open(EmulatorMode.DEFAULT)), ways, 5);
    for (int way = 0; way < ways.size(); way++) {
      assertArrayEquals(atOnce.get(way).ids(), ahead.get(way).ids(), "way " + way);
      assertEquals(atOnce.get(way).reason(), ahead.get(way).reason());
      assertArrayEquals(cpu.get(way).ids(), ahead.get(way).ids(), "way " + way);
      assertClose(cpu.get(way).tokens(), ahead.get(way).tokens());
      assertClose(cpu.get(way).promptScores(), ahead.get(way).promptScores());
    }
  }

  @Test
  void theStepQueuedBehindAnEndOfSequenceIsThrownAway() {
    try (Host host = new Host(() -> TestGpu.open(EmulatorMode.DEFAULT), 3)) {
      int[] all = host.submit(0, new Way().parameters()).await().ids();
      int[] others = host.submit(1, new Way().parameters()).await().ids();
      int stop = all[TOKENS / 2];
      int place = IntStream.range(0, TOKENS).filter(i -> all[i] == stop).findFirst().orElseThrow();
      Recorder stopped = host.submit(0, new Way().stops(stop).parameters());
      Recorder other = host.submit(1, new Way().parameters());
      assertEquals(FinishReason.STOP, stopped.await().reason());
      assertArrayEquals(Arrays.copyOf(all, place + 1), stopped.ids());
      assertArrayEquals(others, other.await().ids());
      assertEquals(0, host.settled(ScheduledEngine::snapshot).kvBlocksUsed());
    }
  }

  /** A graph reads ids that the device itself has put where the batch lies. */
  @Test
  void stepsThatNameUnreadTokensAreReplayed() {
    int[] kernels;
    try (Host host = new Host(() -> TestGpu.open(EmulatorMode.DEFAULT, false), 2)) {
      kernels = host.submit(0, new Way().temperature(0.7).parameters()).await().ids();
      assertEquals(0, host.passes("replayed"));
    }
    try (Host host = new Host(() -> TestGpu.open(EmulatorMode.DEFAULT), 2)) {
      for (int request = 0; request < 2; request++) {
        Recorder graphs = host.submit(0, new Way().temperature(0.7).parameters());
        assertArrayEquals(kernels, graphs.await().ids());
      }
      // Of each request the first step is its prompt's; then one by kernels and one recorded.
      assertEquals(1, host.passes("recorded"));
      assertEquals(2 * (TOKENS - 1) - 2, host.passes("replayed"));
    }
  }

  @Test
  void theHostWaitsForTheGpuOnceAStep() {
    try (Host host = new Host(() -> TestGpu.open(EmulatorMode.DEFAULT), 2)) {
      host.submit(0, new Way().parameters()).await();
      for (Way way : List.of(new Way(), new Way().temperature(0.9).logprobs(3))) {
        // On the device's thread there is no step in between.
        long before = host.settled(_ -> TestGpu.emulator().waits());
        long steps = host.settled(ScheduledEngine::snapshot).steps();
        host.submit(0, way.parameters()).await();
        long waits = host.settled(_ -> TestGpu.emulator().waits()) - before;
        assertEquals(host.settled(ScheduledEngine::snapshot).steps() - steps, waits);
      }
    }
  }

  @Test
  void whoIsCancelledWhileAStepIsQueuedLeavesTheOthersAlone() {
    try (Host host = new Host(() -> TestGpu.open(EmulatorMode.DEFAULT), 3)) {
      int[] expected = host.submit(1, new Way().parameters()).await().ids();
      CompletableFuture<GenerationHandle> handle = new CompletableFuture<>();
      Recorder cancelled =
          new Recorder() {
            @Override
            public synchronized void onToken(SampledToken token) {
              super.onToken(token);
              if (ids().length == 3) {
                handle.join().finish(FinishReason.CANCELLED);
              }
            }
          };
      handle.complete(host.submit(0, new Way().parameters(), cancelled));
      Recorder other = host.submit(1, new Way().parameters());
      assertEquals(FinishReason.CANCELLED, cancelled.await().reason());
      assertArrayEquals(expected, other.await().ids());
      assertEquals(0, host.settled(ScheduledEngine::snapshot).kvBlocksUsed());
    }
  }

  private static List<SamplingParameters> ways() {
    return List.of(
        new Way().parameters(),
        new Way().temperature(0.8).parameters(),
        new Way().temperature(1.1).topK(20).topP(0.9).parameters(),
        new Way().temperature(1).minP(0.03).topP(0.8).logprobs(2).parameters(),
        new Way().penalties().parameters(),
        new Way().temperature(0.9).penalties().logprobs(20).parameters(),
        new Way().bias(7, 4).bias(9, -100).logprobs(0).parameters(),
        new Way().temperature(1).bans(7).bans(3, 9).parameters(),
        new Way().temperature(1).topK(3).allows(10, 20, 30, 40, 50).parameters(),
        new Way().stops(11, 12, 13).minTokens(5).temperature(1).parameters(),
        new Way().promptLogprobs(4).logprobs(1).parameters());
  }

  /** One request for each way, all at once. */
  private static List<Recorder> answers(
      Supplier<Backend> opener, List<SamplingParameters> ways, int sequences) {
    try (Host host = new Host(opener, sequences)) {
      List<Recorder> all = new ArrayList<>();
      for (int i = 0; i < ways.size(); i++) {
        all.add(host.submit(i, ways.get(i)));
      }
      all.forEach(Recorder::await);
      return all;
    }
  }

  private static void assertClose(
      @Nullable List<SampledToken> expected, @Nullable List<SampledToken> actual) {
    if (expected == null || actual == null) {
      assertEquals(expected, actual);
      return;
    }
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).tokenId(), actual.get(i).tokenId());
      assertEquals(expected.get(i).logprob(), actual.get(i).logprob(), 1e-3);
      List<SampledToken.TokenLogprob> top = expected.get(i).top();
      assertEquals(top.size(), actual.get(i).top().size());
      for (int place = 0; place < top.size(); place++) {
        assertEquals(top.get(place).logprob(), actual.get(i).top().get(place).logprob(), 1e-3);
      }
    }
  }

  /** The same backend, whose tokens are read before the next step is planned. */
  private static Backend atOnce(Backend real) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("drawsAhead")) {
                return false;
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            });
  }

  /** A device's thread and an engine on it. */
  private static final class Host implements AutoCloseable {
    private final DeviceThread device;
    private final ScheduledEngine engine;

    Host(Supplier<Backend> opener, int sequences) {
      device = DeviceThread.start("run-ahead-test", opener);
      engine =
          ScheduledEngine.start(
              device,
              backend ->
                  Models.load(
                      Checkpoint.open(llama()),
                      backend,
                      LoadOptions.defaults().withDtype(DType.F32)),
              new EngineSettings(
                  "llama",
                  OptionalInt.empty(),
                  sequences,
                  40,
                  // 2 layers of 2 heads of 16, keys and values, 4 bytes, 16 tokens; 40 blocks.
                  OptionalLong.of(40 * 2L * 2 * 2 * 16 * 4 * 16),
                  100));
    }

    Recorder submit(int prompt, SamplingParameters sampling) {
      Recorder recorder = new Recorder();
      submit(prompt, sampling, recorder);
      return recorder;
    }

    GenerationHandle submit(int prompt, SamplingParameters sampling, Recorder recorder) {
      int[] ids = new Random(prompt).ints(9 + 3 * prompt, 3, VOCABULARY).toArray();
      return engine.submit(Requests.of(ids, sampling), recorder);
    }

    long passes(String way) {
      return device.call(backend -> backend.passes().getOrDefault(way, 0L));
    }

    /** Between two steps. */
    <T> T settled(Function<ScheduledEngine, T> question) {
      return device.call(_ -> question.apply(engine));
    }

    @Override
    public void close() {
      engine.close();
      device.close();
    }
  }

  private static Path llama() {
    try {
      return Path.of(
          Objects.requireNonNull(CudaRunAheadTest.class.getResource("/families/llama")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sampling parameters, greedy but for what is said. */
  private static final class Way {
    private double temperature;
    private int topK;
    private double topP = 1;
    private double minP;
    private boolean penalties;
    private final Map<Integer, Double> bias = new HashMap<>();
    private Set<Integer> allowed = Set.of();
    private final List<int[]> banned = new ArrayList<>();
    private int minTokens;
    private Set<Integer> stops = Set.of();
    private int logprobs = -1;
    private int promptLogprobs = -1;

    Way temperature(double value) {
      temperature = value;
      return this;
    }

    Way topK(int value) {
      topK = value;
      return this;
    }

    Way topP(double value) {
      topP = value;
      return this;
    }

    Way minP(double value) {
      minP = value;
      return this;
    }

    Way penalties() {
      penalties = true;
      return this;
    }

    Way bias(int token, double value) {
      bias.put(token, value);
      return this;
    }

    Way allows(Integer... tokens) {
      allowed = Set.of(tokens);
      return this;
    }

    Way bans(int... word) {
      banned.add(word);
      return this;
    }

    Way minTokens(int value) {
      minTokens = value;
      return this;
    }

    Way stops(Integer... tokens) {
      stops = Set.of(tokens);
      return this;
    }

    Way logprobs(int value) {
      logprobs = value;
      return this;
    }

    Way promptLogprobs(int value) {
      promptLogprobs = value;
      return this;
    }

    SamplingParameters parameters() {
      return new SamplingParameters(
          temperature,
          topK,
          topP,
          minP,
          penalties ? 1.3 : 1,
          penalties ? 0.4 : 0,
          penalties ? 0.2 : 0,
          bias,
          allowed,
          banned,
          OptionalLong.of(17),
          TOKENS,
          minTokens,
          stops,
          logprobs,
          promptLogprobs);
    }
  }
}
