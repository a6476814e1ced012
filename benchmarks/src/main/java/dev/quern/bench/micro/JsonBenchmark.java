package dev.quern.bench.micro;

import dev.quern.supplier.http.openai.AnswerHead;
import dev.quern.supplier.http.openai.ChatRenderer;
import dev.quern.supplier.http.openai.ChatRequest;
import dev.quern.supplier.http.openai.ChoiceDelta;
import dev.quern.supplier.http.openai.Json;
import dev.quern.supplier.http.openai.SamplingDefaults;
import dev.quern.supplier.http.openai.ScoredToken;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A chat request from bytes to a checked record, and a token's chunk of a stream to bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class JsonBenchmark {
  private final byte[] shortRequest = Json.write(Conversations.request(1));
  private final byte[] longRequest = Json.write(Conversations.request(32));
  private final ChatRenderer renderer =
      new ChatRenderer(
          new AnswerHead(
              "chatcmpl-0123456789abcdef01234567", 1_764_000_000, "demo", "quern-0.1.0"));
  private final ChoiceDelta delta = delta(Optional.empty());
  private final ChoiceDelta scoredDelta = delta(Optional.of(List.of(scored())));

  @Benchmark
  public ChatRequest readShortChatRequest() {
    return ChatRequest.read(Json.readObject(shortRequest), model -> SamplingDefaults.OPENAI);
  }

  /** 64 messages, 14 KB. */
  @Benchmark
  public ChatRequest readLongChatRequest() {
    return ChatRequest.read(Json.readObject(longRequest), model -> SamplingDefaults.OPENAI);
  }

  @Benchmark
  public byte[] writeChunk() {
    return renderer.chunk(delta, Optional.empty());
  }

  @Benchmark
  public byte[] writeChunkLogprobs5() {
    return renderer.chunk(scoredDelta, Optional.empty());
  }

  private static ChoiceDelta delta(Optional<List<ScoredToken>> scores) {
    return new ChoiceDelta(
        0,
        " token",
        scores,
        0,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static ScoredToken scored() {
    return new ScoredToken(
        candidate(1),
        true,
        IntStream.rangeClosed(1, 5).mapToObj(JsonBenchmark::candidate).toList());
  }

  private static ScoredToken.Candidate candidate(int rank) {
    String text = " token" + rank;
    return new ScoredToken.Candidate(
        rank, text, text.getBytes(StandardCharsets.UTF_8), -0.731 * rank, rank);
  }
}
