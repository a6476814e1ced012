package dev.quern.bench.micro;

import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.LogitChanges;
import dev.quern.engine.tensor.sampling.HostSampler;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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

  /** Any will do: only where the draw ends depends on it. */
  private static final double SOME_UNIFORM = 0.37;

  @Param({"32000", "128256"})
  private int vocabulary;

  private final Draw greedy = choice(0, 0, 1, -1);
  private final Draw greedyWithLogprobs = choice(0, 0, 1, 5);
  private final Draw topKAndTopP = choice(0.8, 50, 0.95, -1);
  private final Draw topP = choice(0.8, 0, 0.95, -1);
  private final Draw topKAndTopPWithLogprobs = choice(0.8, 50, 0.95, 5);
  private final HostSampler sampler = new HostSampler();
  private float[][] rows;
  private int row;

  @Setup
  public void setUp() {
    rows = new float[ROWS][vocabulary];
    SplittableRandom random = new SplittableRandom(1);
    for (int r = 0; r < ROWS; r++) {
      for (int i = 0; i < vocabulary; i++) {
        rows[r][i] = (float) (random.nextGaussian() * DEVIATION);
      }
    }
  }

  @Benchmark
  public DrawnTokens greedy() {
    return sample(greedy);
  }

  @Benchmark
  public DrawnTokens greedyLogprobs5() {
    return sample(greedyWithLogprobs);
  }

  @Benchmark
  public DrawnTokens temperatureTopKTopP() {
    return sample(topKAndTopP);
  }

  @Benchmark
  public DrawnTokens temperatureTopP() {
    return sample(topP);
  }

  @Benchmark
  public DrawnTokens temperatureTopKTopPLogprobs5() {
    return sample(topKAndTopPWithLogprobs);
  }

  private DrawnTokens sample(Draw draw) {
    row = (row + 1) % ROWS;
    return sampler.draw(rows[row], vocabulary, new Draws(List.of(draw)));
  }

  private static Draw choice(double temperature, int topK, double topP, int logprobs) {
    return new Draw.Choice(LogitChanges.NONE, temperature, topK, topP, 0, SOME_UNIFORM, logprobs);
  }
}
