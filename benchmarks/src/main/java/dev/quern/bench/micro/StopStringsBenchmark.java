package dev.quern.bench.micro;

import dev.quern.engine.text.StopStrings;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** The search for stop strings in text that comes in pieces of a token's size: time a piece. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls setUp before anything else.
public class StopStringsBenchmark {
  private static final int PIECES = 256;
  private static final List<String> WORDS =
      List.of(" the", " observer", "\n", " Observ", "ation", " of", " quick", "</", "p>", " it");

  @Param({"1", "4", "64"})
  private int strings;

  private StopStrings stops;

  @Setup
  public void setUp() {
    // Each shares a beginning with the text, and none occurs in it.
    stops =
        StopStrings.of(
            IntStream.range(0, strings).mapToObj(i -> "\nObservation " + i + ":").toList(), false);
  }

  @Benchmark
  @OperationsPerInvocation(PIECES)
  public void appendPiece(Blackhole sink) {
    StopStrings.Matcher matcher = stops.matcher();
    for (int i = 0; i < PIECES; i++) {
      sink.consume(matcher.append(WORDS.get(i % WORDS.size())));
    }
    sink.consume(matcher.finish());
  }
}
