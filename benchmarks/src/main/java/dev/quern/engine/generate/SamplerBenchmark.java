package dev.quern.engine.generate;

import dev.quern.bench.micro.Silent;
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
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One token from one row of logits in host memory. Rows take turns, as in a step of 16 sequences,
 * so that a row is not in the first-level cache. (A batch that is greedy throughout is argmax on
 * the device and never comes here.)
 */
@NullMarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls setUp before anything else.
public class SamplerBenchmark {
  private static final int ROWS = 16;

  /** How wide logits of trained models spread, about. */
  private static final double DEVIATION = 3;

  @Param({"32000", "128256"})
  private int vocabulary;

  private final Sequence greedy = sequence(0, 0, 1, -1);
  private final Sequence greedyWithLogprobs = sequence(0, 0, 1, 5);
  private final Sequence topKAndTopP = sequence(0.8, 50, 0.95, -1);
  private final Sequence topP = sequence(0.8, 0, 0.95, -1);
  private final Sequence topKAndTopPWithLogprobs = sequence(0.8, 50, 0.95, 5);
  private Sampler sampler;
  private float[] logits;
  private int row;

  @Setup
  public void setUp() {
    sampler = new Sampler(vocabulary);
    logits = new float[ROWS * vocabulary];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (random.nextGaussian() * DEVIATION);
    }
  }

  @Benchmark
  public SampledToken greedy() {
    return sample(greedy);
  }

  @Benchmark
  public SampledToken greedyLogprobs5() {
    return sample(greedyWithLogprobs);
  }

  @Benchmark
  public SampledToken temperatureTopKTopP() {
    return sample(topKAndTopP);
  }

  @Benchmark
  public SampledToken temperatureTopP() {
    return sample(topP);
  }

  @Benchmark
  public SampledToken temperatureTopKTopPLogprobs5() {
    return sample(topKAndTopPWithLogprobs);
  }

  private SampledToken sample(Sequence sequence) {
    row = (row + 1) % ROWS;
    return sampler.sample(sequence, logits, row);
  }

  private static Sequence sequence(double temperature, int topK, double topP, int logprobs) {
    SamplingParameters sampling =
        new SamplingParameters(
            temperature,
            topK,
            topP,
            0,
            1,
            0,
            0,
            Map.of(),
            Set.of(),
            List.of(),
            OptionalLong.of(7),
            1000,
            0,
            Set.of(),
            logprobs,
            -1);
    GenerationRequest request =
        new GenerationRequest("bench", new int[] {1}, sampling, 0, OptionalLong.empty(), "");
    return new Sequence(request, new Silent(), 0, 7, 0);
  }
}
