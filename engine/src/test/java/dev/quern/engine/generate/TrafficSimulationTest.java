package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.model.PassGuard;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The operator's own requests beside relays that take everything idle, on a clock that steps alone
 * move on: a step takes a fixed time and a time for each token, spread over the layers. Both runs
 * see the same own requests, so that what differs is the relays' doing, and nothing depends on the
 * machine.
 */
class TrafficSimulationTest {
  private static final int OWN_REQUESTS = 2_000;
  private static final int MAX_SEQUENCES = 64;
  private static final int MAX_TOKENS = 2_048;
  private static final int BLOCKS = 8_192;
  private static final int RELAYS_WAITING = 64;
  private static final int LAYERS = 28;

  /** The default of the server. */
  private static final double SHARE = 0.05;

  /** Times in microseconds: those of a small model on two cores, and of larger ones elsewhere. */
  @ParameterizedTest
  @CsvSource({"2000, 100, 1000", "8000, 40, 1300", "30000, 30, 500"})
  void ownTimeToFirstTokenHardlyMoves(long stepMicros, long tokenMicros, double relayTokens) {
    Result alone = new Run(stepMicros, tokenMicros, 0).run();
    Result beside = new Run(stepMicros, tokenMicros, SHARE).run();
    double moved = beside.p95() / alone.p95() - 1;
    String figures =
        "p95 of own TTFT %.1f ms alone, %.1f ms beside relays (%+.1f %%); %.0f relay tokens/s, device %.0f %% busy with own alone"
            .formatted(
                alone.p95() / 1e3,
                beside.p95() / 1e3,
                100 * moved,
                beside.relayTokensPerSecond(),
                100 * alone.busy());
    assertTrue(moved < 0.1, figures);
    // The relays did take what was idle.
    assertTrue(beside.busy() > 0.99, figures);
    assertTrue(beside.relayTokensPerSecond() > relayTokens, figures);
  }

  /**
   * What came out.
   *
   * @param times of own requests to their first token, in microseconds, ascending
   * @param busy share of the time in which a step ran
   */
  private record Result(long[] times, double busy, double relayTokensPerSecond) {
    double p95() {
      return times[(int) Math.ceil(0.95 * times.length) - 1];
    }
  }

  private static final class Run {
    private final long stepMicros;
    private final long tokenMicros;
    private final boolean relays;
    private final Random own = new Random(7);
    private final Random foreign = new Random(8);
    private final Scheduler scheduler =
        new Scheduler(
            new BlockManager(BLOCKS, BLOCKS / MAX_SEQUENCES),
            new SchedulerLimits(MAX_SEQUENCES, MAX_TOKENS, 1024));
    private final Deque<Long> arrivals = new ArrayDeque<>();
    private final Map<Sequence, Long> arrivedMicros = new HashMap<>();
    private final List<Long> times = new ArrayList<>();
    private long now;
    private long busy;
    private long relayTokens;
    private final RelayYield relayYield = new RelayYield(this::ownRequestWaits);
    private long count;

    Run(long stepMicros, long tokenMicros, double share) {
      this.stepMicros = stepMicros;
      this.tokenMicros = tokenMicros;
      this.relays = share > 0;
      if (relays) {
        scheduler.relayShare(new RelayShare(share, RELAYS_WAITING));
      }
      // Own requests keep the device about half busy: Poisson arrivals.
      double work = 600 * tokenMicros + 32 * (stepMicros + tokenMicros);
      double at = 0;
      for (int i = 0; i < OWN_REQUESTS; i++) {
        at -= Math.log(1 - own.nextDouble()) * 2 * work;
        arrivals.add((long) at);
      }
    }

    Result run() {
      while (times.size() < OWN_REQUESTS) {
        arrive();
        StepPlan plan = scheduler.schedule(now * 1_000);
        if (plan.isEmpty()) {
          now = arrivals.getFirst();
          continue;
        }
        step(plan);
      }
      double seconds = now / 1e6;
      return new Result(
          times.stream().mapToLong(Long::longValue).sorted().toArray(),
          (double) busy / now,
          relayTokens / seconds);
    }

    private void arrive() {
      while (!arrivals.isEmpty() && arrivals.getFirst() <= now) {
        long at = arrivals.removeFirst();
        Sequence sequence = sequence(own, 200 + own.nextInt(800), 32, 0);
        arrivedMicros.put(sequence, at);
        scheduler.add(sequence);
      }
      while (relays && scheduler.waiting() < RELAYS_WAITING) {
        int prompt = 100 + foreign.nextInt(400);
        scheduler.add(sequence(foreign, prompt, 64, GenerationRequest.RELAY_PRIORITY));
      }
    }

    private void step(StepPlan plan) {
      if (!computed(plan)) {
        relayYield.abandoned();
        return;
      }
      scheduler.completed(PlannedSteps.queue(scheduler, plan));
      relayYield.completed(plan);
      for (Chunk chunk : plan.chunks) {
        Sequence sequence = chunk.sequence();
        if (sequence.computed() < sequence.tokenCount()) {
          continue;
        }
        Long arrived = sequence.generated() == 0 ? arrivedMicros.remove(sequence) : null;
        if (arrived != null) {
          times.add(now - arrived);
        }
        sequence.append(1);
        relayTokens += sequence.request().isRelay() ? 1 : 0;
        if (sequence.generated() == sequence.maxTokens()) {
          scheduler.remove(sequence);
        }
      }
    }

    /** Layer by layer, as a model does; false when it was given up. */
    private boolean computed(StepPlan plan) {
      PassGuard guard = relayYield.guard(plan);
      long began = now;
      long took = stepMicros + plan.tokens() * tokenMicros;
      boolean goesOn = true;
      for (int layer = 1; layer <= LAYERS && goesOn; layer++) {
        now = began + took * layer / LAYERS;
        goesOn = layer == LAYERS || guard.goesOn();
      }
      busy += now - began;
      return goesOn;
    }

    private boolean ownRequestWaits() {
      return !arrivals.isEmpty() && arrivals.getFirst() <= now;
    }

    /** Prompts of random tokens: no prefix is found again. */
    private Sequence sequence(Random random, int prompt, int output, int priority) {
      int[] tokens = random.ints(prompt, 2, 30_000).toArray();
      GenerationRequest request =
          new GenerationRequest(
              "r" + count,
              tokens,
              Requests.withLogprobs(output, -1, -1),
              priority,
              OptionalLong.empty(),
              "");
      return new Sequence(request, new Recorder(), count++, 0, 0);
    }
  }
}
