package dev.quern.bench.micro;

import dev.quern.engine.text.FastTokenizer;
import dev.quern.engine.text.IncrementalDetokenizer;
import dev.quern.engine.text.Tokenizer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** The demo model's tokenizer (byte-level BPE): microseconds a token. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TokenizerBenchmark {
  private static final int TOKENS = 256;

  /** What the demo model talks of, and what its vocabulary has no words for. */
  private static final String SENTENCES =
      "Once there was a small red fox. It lived near a quiet river and counted to seven every"
          + " morning. \"What is 3 plus 4?\" asked the owl. 3 plus 4 is 7. Zwölf Boxkämpfer jagen"
          + " Viktor quer über den Deich — naïve café, 日本語, 🙂. ";

  private final Tokenizer tokenizer = FastTokenizer.load(DemoFiles.folder());
  private final int[] tokens =
      Arrays.copyOf(tokenizer.encode(SENTENCES.repeat(TOKENS / 8), false), TOKENS);
  private final String text = tokenizer.decode(tokens, false);

  @TearDown
  public void close() {
    tokenizer.close();
  }

  /** A streamed answer: each token appended and its certain text taken. */
  @Benchmark
  @OperationsPerInvocation(TOKENS)
  public void detokenizeIncrementally(Blackhole sink) {
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(tokenizer, true);
    for (int token : tokens) {
      sink.consume(detokenizer.append(token));
    }
    sink.consume(detokenizer.finish());
  }

  /** The lower bound: the whole answer in one call. */
  @Benchmark
  @OperationsPerInvocation(TOKENS)
  public String decodeAtOnce() {
    return tokenizer.decode(tokens, true);
  }

  @Benchmark
  @OperationsPerInvocation(TOKENS)
  public int[] encode() {
    return tokenizer.encode(text, false);
  }
}
