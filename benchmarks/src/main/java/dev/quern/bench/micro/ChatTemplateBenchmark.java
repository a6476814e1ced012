package dev.quern.bench.micro;

import dev.quern.engine.text.ChatPrompt;
import dev.quern.engine.text.ChatTemplate;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
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

/** A conversation rendered by a parsed template, and a template parsed. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls setUp before anything else.
public class ChatTemplateBenchmark {
  private static final Map<String, String> SPECIAL_TOKENS =
      Map.of("bos_token", "<|begin_of_text|>");

  private final String headers = resource("headers.jinja");
  private final ChatTemplate headersTemplate = ChatTemplate.of(headers, SPECIAL_TOKENS);
  private final ChatTemplate demoTemplate = ChatTemplate.load(DemoFiles.folder()).orElseThrow();

  /** Questions of the conversation: it has twice as many messages. */
  @Param({"1", "32"})
  private int turns;

  private ChatPrompt prompt;

  @Setup
  public void setUp() {
    prompt = new ChatPrompt(Conversations.messages(turns), null, null, true, false, Map.of());
  }

  @Benchmark
  public String renderDemo() {
    return demoTemplate.render(prompt);
  }

  @Benchmark
  public String renderHeaders() {
    return headersTemplate.render(prompt);
  }

  /** Once a model is loaded, not once a request; it does not depend on the turns. */
  @Benchmark
  public ChatTemplate parseHeaders() {
    return ChatTemplate.of(headers, SPECIAL_TOKENS);
  }

  private static String resource(String name) {
    try (InputStream in = ChatTemplateBenchmark.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
