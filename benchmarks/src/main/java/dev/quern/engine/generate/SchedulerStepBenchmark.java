package dev.quern.engine.generate;

import dev.quern.bench.micro.Silent;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.sampling.HostSampler;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullMarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One step of decode without its model: plan, pack the batch, count the tokens as computed, append
 * one to each sequence. A sequence at its end makes room for a new one with a prompt of 128 tokens,
 * as in serving, so that the figure holds the share of admission and of freeing blocks too.
 */
@NullMarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls setUp before anything else.
public class SchedulerStepBenchmark {
  private static final int PROMPT_TOKENS = 128;
  private static final int LONGEST_OUTPUT = 512;
  private static final int VOCABULARY = 32_000;
  private static final QueuedStep.Costs NO_COSTS = new QueuedStep.Costs(0, 0, 0);

  /** The scheduler does not look at them. */
  private static final DrawnTokens NO_TOKENS =
      new HostSampler().draw(new float[0], VOCABULARY, new Draws(List.of()));

  @Param({"16", "64"})
  private int running;

  private final SplittableRandom random = new SplittableRandom(1);
  private final BatchBuilder builder = new BatchBuilder();
  private Scheduler scheduler;
  private long arrivals;

  @Setup(Level.Iteration)
  public void setUp() {
    int longest = BlockManager.blocksFor(PROMPT_TOKENS + LONGEST_OUTPUT);
    BlockManager blocks = new BlockManager(2 * running * longest, longest);
    scheduler = new Scheduler(blocks, new SchedulerLimits(running, 2048, 1));
    for (int i = 0; i < running; i++) {
      // Outputs of different lengths: the ends are spread over the steps.
      add(1 + LONGEST_OUTPUT * i / running);
    }
  }

  @Benchmark
  public ForwardBatch step() {
    StepPlan plan = scheduler.schedule(0);
    StepInput input = builder.build(plan, null);
    scheduler.queued(plan, input.rows());
    scheduler.completed(
        new QueuedStep(plan, input.rows(), NO_TOKENS, /* readFirst= */ true, NO_COSTS));
    for (int i = 0; i < input.rows().size(); i++) {
      Sequence sequence = plan.chunks.get(i).sequence();
      if (input.rows().get(i).drawn()) {
        sequence.append(random.nextInt(VOCABULARY));
      }
      if (sequence.generated() == sequence.maxTokens()) {
        scheduler.remove(sequence);
        add(LONGEST_OUTPUT);
      }
    }
    return input.batch();
  }

  private void add(int maxTokens) {
    int[] prompt = random.ints(PROMPT_TOKENS, 0, VOCABULARY).toArray();
    GenerationRequest request =
        new GenerationRequest("bench", prompt, greedy(maxTokens), 0, OptionalLong.empty(), "");
    scheduler.add(new Sequence(request, new Silent(), arrivals++, 0, 0));
  }

  private static SamplingParameters greedy(int maxTokens) {
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
        maxTokens,
        0,
        Set.of(),
        -1,
        -1);
  }
}
