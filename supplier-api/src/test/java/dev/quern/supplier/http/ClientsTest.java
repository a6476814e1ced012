package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The clients that people use: OpenAI's own for Java, and LangChain4j. */
@Timeout(300)
class ClientsTest {
  private static final String QUESTION = "What is 3 plus 4?";
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private static TestServer server;
  private static OpenAIClient openai;

  @BeforeAll
  static void start(@TempDir Path cache) {
    ServerSettings settings =
        new ServerSettings("127.0.0.1", 0, Set.of("a-key"), false, 10_000_000, 64, 5);
    server = TestServer.start(cache, settings, ServerLimits.of(settings), 64, Map.of());
    openai = client("a-key");
  }

  @AfterAll
  static void stop() {
    openai.close();
    server.close();
  }

  private static OpenAIClient client(String key) {
    return OpenAIOkHttpClient.builder()
        .baseUrl(server.uri("/v1").toString())
        .apiKey(key)
        .timeout(PATIENCE)
        .maxRetries(0)
        .build();
  }

  private static ChatCompletionCreateParams.Builder question() {
    return ChatCompletionCreateParams.builder()
        .model("demo")
        .addUserMessage(QUESTION)
        .temperature(0.0)
        .maxCompletionTokens(24);
  }

  @Test
  void openaiChats() {
    ChatCompletion answer =
        openai.chat().completions().create(question().logprobs(true).topLogprobs(2).build());
    answer.validate();
    String content = answer.choices().getFirst().message().content().orElseThrow();
    assertTrue(content.contains("7"), content);
    assertEquals("stop", answer.choices().getFirst().finishReason().asString());
    assertEquals(
        content,
        answer.choices().getFirst().logprobs().orElseThrow().content().orElseThrow().stream()
            .map(token -> token.token())
            .reduce("", String::concat));
    assertTrue(answer.usage().orElseThrow().totalTokens() > 10);
  }

  @Test
  void openaiStreams() {
    StringBuilder text = new StringBuilder();
    long tokens = 0;
    try (StreamResponse<ChatCompletionChunk> stream =
        openai
            .chat()
            .completions()
            .createStreaming(
                question()
                    .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                    .build())) {
      for (ChatCompletionChunk chunk : stream.stream().toList()) {
        chunk.validate();
        chunk.choices().forEach(c -> c.delta().content().ifPresent(text::append));
        tokens = chunk.usage().map(usage -> usage.completionTokens()).orElse(tokens);
      }
    }
    assertTrue(text.toString().contains("7"), text.toString());
    assertTrue(tokens > 0);
  }

  @Test
  void openaiCompletesAndLists() {
    Completion completion =
        openai
            .completions()
            .create(
                CompletionCreateParams.builder()
                    .model("demo")
                    .prompt("One, two,")
                    .temperature(0.0)
                    .maxTokens(4)
                    .echo(true)
                    .build());
    completion.validate();
    assertTrue(completion.choices().getFirst().text().startsWith("One, two,"));
    assertEquals("demo", openai.models().list().data().getFirst().id());
    assertEquals("demo", openai.models().retrieve("demo").id());
  }

  @Test
  void openaiTellsErrorsApart() {
    assertThrows(
        NotFoundException.class,
        () -> openai.chat().completions().create(question().model("gpt-9").build()));
    BadRequestException bad =
        assertThrows(
            BadRequestException.class,
            () -> openai.chat().completions().create(question().maxCompletionTokens(9999).build()));
    assertEquals("max_tokens", bad.param().orElse(""));
    OpenAIClient stranger = client("another-key");
    assertThrows(UnauthorizedException.class, () -> stranger.models().list());
    stranger.close();
  }

  @Test
  void langchainChats() {
    OpenAiChatModel model =
        OpenAiChatModel.builder()
            .baseUrl(server.uri("/v1").toString())
            .apiKey("a-key")
            .modelName("demo")
            .temperature(0.0)
            .maxTokens(24)
            .timeout(PATIENCE)
            .maxRetries(0)
            .build();
    ChatResponse answer = model.chat(List.of(UserMessage.from(QUESTION)));
    assertTrue(answer.aiMessage().text().contains("7"), answer.toString());
    assertEquals("demo", answer.metadata().modelName());
    assertTrue(answer.metadata().tokenUsage().totalTokenCount() > 10);
  }

  @Test
  void langchainStreamsAndKnowsErrors() throws Exception {
    OpenAiStreamingChatModel model =
        OpenAiStreamingChatModel.builder()
            .baseUrl(server.uri("/v1").toString())
            .apiKey("a-key")
            .modelName("demo")
            .temperature(0.0)
            .maxTokens(24)
            .timeout(PATIENCE)
            .build();
    CompletableFuture<String> whole = new CompletableFuture<>();
    StringBuilder parts = new StringBuilder();
    model.chat(
        QUESTION,
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(String part) {
            parts.append(part);
          }

          @Override
          public void onCompleteResponse(ChatResponse response) {
            whole.complete(response.aiMessage().text());
          }

          @Override
          public void onError(Throwable error) {
            whole.completeExceptionally(error);
          }
        });
    assertTrue(whole.get(240, TimeUnit.SECONDS).contains("7"));
    assertEquals(whole.get(), parts.toString());
    OpenAiChatModel unknown =
        OpenAiChatModel.builder()
            .baseUrl(server.uri("/v1").toString())
            .apiKey("a-key")
            .modelName("gpt-9")
            .maxRetries(0)
            .build();
    assertThrows(ModelNotFoundException.class, () -> unknown.chat(QUESTION));
  }
}
