package dev.quern.supplier.http;

import static dev.quern.supplier.http.TestServer.CHAT;
import static dev.quern.supplier.http.TestServer.COMPLETIONS;
import static dev.quern.supplier.http.TestServer.chat;
import static dev.quern.supplier.http.TestServer.completion;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the generation routes answer, by the real model. */
@Timeout(300)
class GenerationRoutesTest {
  private static final String QUESTION = "What is 3 plus 4?";

  private static TestServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    server = TestServer.start(cache);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void nothingIsLeft() throws InterruptedException {
    server.awaitIdle();
  }

  @Test
  void answersHeldOutQuestions() throws IOException {
    List<String> lines = Files.readAllLines(Path.of("src/test/resources/demo/held-out.jsonl"));
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < lines.size(); i += 10) {
      JsonNode item = TestServer.json(lines.get(i));
      String body = chat(item.path("question").asText(), "\"max_tokens\":64");
      String answer = server.ok(CHAT, body).at("/choices/0/message/content").asText();
      boolean right = false;
      for (JsonNode expected : item.path("expected")) {
        String words = "(?<!\\w)" + Pattern.quote(expected.asText()) + "(?!\\w)";
        right |= Pattern.compile(words).matcher(answer).find();
      }
      if (!right) {
        wrong.add(item.path("question").asText() + " -> " + answer);
      }
    }
    // The model is right in 95 of 100: two of twenty may be wrong by chance.
    assertTrue(wrong.size() <= 2, wrong.toString());
  }

  @Test
  void chatAnswerHasOpenAisShape() {
    JsonNode answer = server.ok(CHAT, chat(QUESTION, ""));
    List<String> names = names(answer);
    assertEquals(
        List.of("id", "object", "created", "model", "system_fingerprint", "usage", "choices"),
        names);
    assertTrue(answer.path("id").asText().startsWith("chatcmpl-"));
    assertEquals("chat.completion", answer.path("object").asText());
    assertEquals("demo", answer.path("model").asText());
    JsonNode choice = answer.path("choices").get(0);
    assertEquals(List.of("index", "message", "finish_reason"), names(choice));
    assertEquals(List.of("role", "content"), names(choice.path("message")));
    assertEquals("stop", choice.path("finish_reason").asText());
    assertTrue(choice.at("/message/content").asText().contains("7"));
    JsonNode usage = answer.path("usage");
    assertEquals(
        usage.path("prompt_tokens").asInt() + usage.path("completion_tokens").asInt(),
        usage.path("total_tokens").asInt());
    assertTrue(usage.at("/prompt_tokens_details/cached_tokens").isInt());
  }

  @Test
  void streamHasTheSameTextAsTheWholeAnswer() {
    String whole =
        server
            .ok(CHAT, chat("Tell me a story.", "\"max_tokens\":24"))
            .at("/choices/0/message/content")
            .asText();
    List<String> events =
        server.events(
            CHAT,
            chat(
                "Tell me a story.",
                "\"max_tokens\":24,\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
    assertEquals("[DONE]", events.getLast());
    List<JsonNode> chunks =
        events.subList(0, events.size() - 1).stream().map(TestServer::json).toList();
    assertEquals("assistant", chunks.getFirst().at("/choices/0/delta/role").asText());
    StringBuilder text = new StringBuilder();
    for (JsonNode chunk : chunks) {
      assertEquals("chat.completion.chunk", chunk.path("object").asText());
      assertEquals(chunks.getFirst().path("id"), chunk.path("id"));
      text.append(chunk.at("/choices/0/delta/content").asText(""));
    }
    assertEquals(whole, text.toString());
    JsonNode usage = chunks.getLast();
    assertEquals(0, usage.path("choices").size());
    assertTrue(usage.at("/usage/completion_tokens").asInt() > 0);
    JsonNode last = chunks.get(chunks.size() - 2);
    assertTrue(last.at("/choices/0/finish_reason").isTextual());
    assertTrue(chunks.get(1).at("/choices/0/finish_reason").isNull());
    assertTrue(chunks.size() > 10, "tokens come one by one");
  }

  @Test
  void stopStringsEndTheOutputAcrossTokens() {
    String text = text(server.ok(COMPLETIONS, completion("Once upon a", "\"max_tokens\":40")));
    // A stop string that begins and ends inside words lies across token borders.
    String stop = text.substring(text.length() / 2 - 4, text.length() / 2 + 5);
    String expected = text.substring(0, text.indexOf(stop));
    String fields = "\"max_tokens\":40,\"stop\":[\"never seen\"," + quoted(stop) + "]";
    JsonNode answer = server.ok(COMPLETIONS, completion("Once upon a", fields));
    assertEquals(expected, text(answer));
    assertEquals("stop", answer.at("/choices/0/finish_reason").asText());
    JsonNode kept =
        server.ok(
            COMPLETIONS,
            completion("Once upon a", fields + ",\"include_stop_str_in_output\":true"));
    assertEquals(expected + stop, text(kept));
    StringBuilder streamed = new StringBuilder();
    for (String event :
        server.events(COMPLETIONS, completion("Once upon a", fields + ",\"stream\":true"))) {
      streamed.append(event.equals("[DONE]") ? "" : text(TestServer.json(event)));
    }
    assertEquals(expected, streamed.toString());
  }

  @Test
  void chatLogprobsSpellTheText() {
    JsonNode choice =
        server
            .ok(CHAT, chat(QUESTION, "\"logprobs\":true,\"top_logprobs\":3"))
            .path("choices")
            .get(0);
    StringBuilder text = new StringBuilder();
    for (JsonNode token : choice.at("/logprobs/content")) {
      text.append(token.path("token").asText());
      assertTrue(token.path("logprob").asDouble() <= 0);
      assertEquals(3, token.path("top_logprobs").size());
      byte[] bytes = new byte[token.path("bytes").size()];
      IntStream.range(0, bytes.length)
          .forEach(i -> bytes[i] = (byte) token.path("bytes").get(i).asInt());
      assertEquals(token.path("token").asText(), new String(bytes, StandardCharsets.UTF_8));
      // Greedy: the token is the likeliest.
      assertEquals(token.path("token"), token.path("top_logprobs").get(0).path("token"));
    }
    assertEquals(choice.at("/message/content").asText(), text.toString());
  }

  @Test
  void echoWithNoTokensScoresThePrompt() {
    JsonNode tokens = server.ok("/tokenize", "{\"prompt\":\"Once upon a time\"}").path("tokens");
    JsonNode answer =
        server.ok(
            COMPLETIONS,
            "{\"model\":\"demo\",\"prompt\":"
                + tokens
                + ",\"echo\":true,\"max_tokens\":0,\"temperature\":0,\"logprobs\":5}");
    JsonNode logprobs = answer.at("/choices/0/logprobs");
    assertEquals(tokens.size(), logprobs.path("tokens").size());
    assertTrue(logprobs.path("token_logprobs").get(0).isNull());
    assertTrue(logprobs.path("top_logprobs").get(0).isNull());
    assertTrue(logprobs.path("token_logprobs").get(1).isNumber());
    assertTrue(logprobs.path("top_logprobs").get(1).size() >= 5);
    assertEquals(0, logprobs.path("text_offset").get(0).asInt());
    assertEquals(0, answer.at("/usage/completion_tokens").asInt());
    assertTrue(text(answer).endsWith("Once upon a time"), text(answer));
  }

  @Test
  void echoLeadsTheOutput() {
    JsonNode plain = server.ok(COMPLETIONS, completion("Once upon a", "\"max_tokens\":5"));
    JsonNode echoed =
        server.ok(
            COMPLETIONS,
            completion("Once upon a", "\"max_tokens\":5,\"echo\":true,\"logprobs\":1"));
    assertEquals("Once upon a" + text(plain), text(echoed));
    int prompt = echoed.at("/usage/prompt_tokens").asInt();
    assertEquals(prompt + 5, echoed.at("/choices/0/logprobs/tokens").size());
  }

  @Test
  void eachPromptHasItsChoices() {
    JsonNode answer =
        server.ok(
            COMPLETIONS,
            "{\"model\":\"demo\",\"prompt\":[\"Once upon a\",\"One, two,\"],\"n\":2,\"seed\":5,"
                + "\"temperature\":1,\"max_tokens\":12}");
    assertEquals(4, answer.path("choices").size());
    IntStream.range(0, 4)
        .forEach(i -> assertEquals(i, answer.path("choices").get(i).path("index").asInt()));
    JsonNode again =
        server.ok(
            COMPLETIONS,
            "{\"model\":\"demo\",\"prompt\":[\"Once upon a\",\"One, two,\"],\"n\":2,\"seed\":5,"
                + "\"temperature\":1,\"max_tokens\":12}");
    assertEquals(answer.path("choices"), again.path("choices"), "a seed makes it reproducible");
  }

  @Test
  void tokenLimitsAndBansHold() {
    JsonNode limited = server.ok(COMPLETIONS, completion("Once upon a", "\"max_tokens\":3"));
    assertEquals("length", limited.at("/choices/0/finish_reason").asText());
    assertEquals(3, limited.at("/usage/completion_tokens").asInt());
    JsonNode ids =
        server.ok(
            COMPLETIONS, completion("Once upon a", "\"max_tokens\":3,\"return_token_ids\":true"));
    JsonNode first = ids.at("/choices/0/token_ids").get(0);
    assertEquals(3, ids.at("/choices/0/token_ids").size());
    JsonNode banned =
        server.ok(
            COMPLETIONS,
            completion(
                "Once upon a",
                "\"max_tokens\":3,\"return_token_ids\":true,\"logit_bias\":{\""
                    + first
                    + "\":-100}"));
    assertNotEquals(first, banned.at("/choices/0/token_ids").get(0));
    JsonNode allowed =
        server.ok(
            COMPLETIONS,
            completion(
                "Once upon a",
                "\"max_tokens\":3,\"return_token_ids\":true,\"allowed_token_ids\":["
                    + first
                    + "]"));
    for (JsonNode id : allowed.at("/choices/0/token_ids")) {
      assertEquals(first, id);
    }
    JsonNode stopped =
        server.ok(
            COMPLETIONS,
            completion("Once upon a", "\"max_tokens\":3,\"stop_token_ids\":[" + first + "]"));
    assertEquals("", text(stopped));
    assertEquals("stop", stopped.at("/choices/0/finish_reason").asText());
  }

  @Test
  void promptLogprobsComeInVllmsShape() {
    JsonNode answer = server.ok(CHAT, chat(QUESTION, "\"max_tokens\":2,\"prompt_logprobs\":2"));
    JsonNode scores = answer.path("prompt_logprobs");
    assertEquals(answer.at("/usage/prompt_tokens").asInt(), scores.size());
    assertTrue(scores.get(0).isNull());
    Map.Entry<String, JsonNode> one = scores.get(1).properties().iterator().next();
    assertTrue(one.getValue().has("logprob") && one.getValue().has("decoded_token"));
  }

  @Test
  void toolsAndPartsReachTheTemplate() {
    JsonNode answer =
        server.ok(
            CHAT,
            "{\"model\":\"demo\",\"temperature\":0,\"max_completion_tokens\":30,\"tool_choice\":"
                + "\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"add\"}}],"
                + "\"user\":\"somebody\",\"parallel_tool_calls\":true,\"messages\":["
                + "{\"role\":\"developer\",\"content\":\"Be brief.\"},{\"role\":\"user\","
                + "\"content\":[{\"type\":\"text\",\"text\":\"What is 3 plus 4?\"}]}]}");
    assertTrue(answer.at("/choices/0/message/content").asText().contains("7"));
    assertFalse(answer.at("/choices/0/message").has("tool_calls"));
  }

  @Test
  void continuesTheFinalMessage() {
    JsonNode answer =
        server.ok(
            CHAT,
            "{\"model\":\"demo\",\"temperature\":0,\"max_tokens\":8,\"echo\":true,"
                + "\"continue_final_message\":true,\"messages\":[{\"role\":\"user\",\"content\":"
                + "\"What is 3 plus 4?\"},{\"role\":\"assistant\",\"content\":\"3 plus 4 is\"}]}");
    String content = answer.at("/choices/0/message/content").asText();
    assertTrue(content.startsWith("3 plus 4 is"), content);
    assertTrue(content.contains("7"), content);
  }

  @Test
  void theOperatorsOwnRequestsComeBeforeRelays() throws Exception {
    long before = server.model.engine().snapshot().preemptions();
    String relays =
        "{\"model\":\"demo\",\"prompt\":\"One\",\"n\":16,\"ignore_eos\":true,\"max_tokens\":900}";
    try (HttpClient gateway = HttpClient.newHttpClient()) {
      CompletableFuture<HttpResponse<String>> relayed =
          gateway.sendAsync(
              server
                  .request(COMPLETIONS, "Pocket-Supplier", "pokt1supplier")
                  .POST(HttpRequest.BodyPublishers.ofString(relays))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      while (server.model.engine().snapshot().running() < 16) {
        Thread.sleep(1);
      }
      server.ok(CHAT, chat("What is 3 plus 4?", "\"max_tokens\":8"));
      assertFalse(relayed.isDone());
      assertTrue(server.model.engine().snapshot().preemptions() > before);
      relayed.cancel(true);
    }
  }

  @Test
  void aClientThatLeavesCancelsItsStream() throws Exception {
    long before = server.model.engine().snapshot().generationTokens();
    leave(chat("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":900,\"stream\":true"), true);
    server.awaitIdle();
    long generated = server.model.engine().snapshot().generationTokens() - before;
    assertTrue(generated < 800, "cancelled after " + generated + " tokens");
  }

  @Test
  void aClientThatLeavesCancelsItsWholeAnswer() throws Exception {
    long before = server.model.engine().snapshot().generationTokens();
    leave(chat("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":900"), false);
    server.awaitIdle();
    long generated = server.model.engine().snapshot().generationTokens() - before;
    assertTrue(generated < 800, "cancelled after " + generated + " tokens");
  }

  /** Sends a request, waits until it runs (or streams), and closes the socket. */
  private static void leave(String body, boolean readFirstEvent) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      socket
          .getOutputStream()
          .write(
              ("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: "
                      + bytes.length
                      + "\r\n\r\n"
                      + body)
                  .getBytes(StandardCharsets.UTF_8));
      if (readFirstEvent) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        Iterator<String> lines = in.lines().iterator();
        while (!lines.next().startsWith("data: ")) {
          // The head.
        }
      } else {
        while (server.model.engine().snapshot().running() == 0) {
          Thread.sleep(1);
        }
      }
    }
  }

  private static List<String> names(JsonNode node) {
    return node.properties().stream().map(Map.Entry::getKey).toList();
  }

  private static String text(JsonNode answer) {
    return answer.at("/choices/0/text").asText();
  }

  private static String quoted(String text) {
    return com.fasterxml.jackson.databind.node.TextNode.valueOf(text).toString();
  }
}
