package dev.quern.supplier.http;

import static dev.quern.supplier.http.TestServer.CHAT;
import static dev.quern.supplier.http.TestServer.chat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.generation.TemplateLoader;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A relay's head comes while its request is held up long before the engine: by a template that goes
 * on only when the test lets it, and by the queue behind such templates.
 */
@Timeout(300)
class EarlyHeadTest {
  private static final String REFUSED = "This conversation is refused.";
  private static final String EVENT_STREAM = "content-type: text/event-stream";
  private static final int BLANKS = 3;

  /** Each permit lets one template go on. */
  private static final Semaphore GATE = new Semaphore(0);

  private static TestServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    server =
        TestServer.start(
            cache,
            TestServer.settings(),
            new RelaySettings(RelayAccess.HEADER, 20, RelayLimits.NONE),
            ServerLimits.of(TestServer.settings()),
            64,
            Map.of(),
            Optional.empty(),
            EarlyHeadTest::heldUp);
  }

  private static ServedModel.ConversationTemplate heldUp(LoadedLanguageModel model) {
    ServedModel.ConversationTemplate template = TemplateLoader.load(model);
    return conversation -> {
      GATE.acquireUninterruptibly();
      String question = conversation.messages().getLast().content();
      if (question != null && question.contains("refuse")) {
        throw QuernException.badRequest("messages", REFUSED);
      }
      return template.render(conversation);
    };
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Relay relay(String question, String fields) throws IOException {
    return new Relay(chat(question, "\"max_tokens\":8" + fields));
  }

  /** Relays that were answered with 400, whatever their head said. */
  private static double refused() {
    return server
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.matches("quern:relay_requests_total\\{.*status=\"400\",} .*"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private static long promptTokens() {
    return server.model.engine().snapshot().promptTokens();
  }

  @Test
  void theHeadComesWhileTheRequestIsHeldUp() throws IOException {
    long before = promptTokens();
    try (Relay relay = relay("What is 3 plus 4?", "")) {
      String head = relay.head();
      assertTrue(head.startsWith("HTTP/1.1 200 "), head);
      assertTrue(head.toLowerCase(Locale.ROOT).contains("content-type: application/json"), head);
      assertEquals("1\r\n \r\n".repeat(BLANKS), relay.next(BLANKS * "1\r\n \r\n".length()));
      assertEquals(before, promptTokens(), "the engine had the request already");
      GATE.release();
      JsonNode answer = TestServer.json(relay.body());
      assertEquals("stop", answer.at("/choices/0/finish_reason").asText());
    }
  }

  @Test
  void aStreamsHeadComesTooAndNoBlanks() throws IOException {
    try (Relay relay = relay("What is 3 plus 4?", ",\"stream\":true")) {
      String head = relay.head().toLowerCase(Locale.ROOT);
      assertTrue(head.contains(EVENT_STREAM), head);
      GATE.release();
      String body = relay.body();
      assertTrue(body.startsWith("data: {\"id\":"), body);
      assertTrue(body.strip().endsWith("data: [DONE]"), body);
    }
  }

  @Test
  void aRefusalAfterTheHeadIsTheBodyAndCounted() throws Exception {
    double before = refused();
    try (Relay relay = relay("refuse", "");
        Relay stream = relay("refuse", ",\"stream\":true")) {
      assertTrue(relay.head().startsWith("HTTP/1.1 200 "));
      assertTrue(stream.head().startsWith("HTTP/1.1 200 "));
      GATE.release(2);
      JsonNode error = TestServer.json(relay.body()).path("error");
      assertEquals(REFUSED, error.path("message").asText());
      String event = stream.body();
      assertTrue(event.startsWith("data: {\"error\":{\"message\":\"" + REFUSED), event);
      assertFalse(event.contains("[DONE]"), event);
    }
    // Counted for what they were, not for the head that had left.
    while (refused() < before + 2) {
      Thread.sleep(10);
    }
  }

  @Test
  void theHeadComesToWhoWaitsForAWorker() throws IOException {
    Relay[] busy = new Relay[Workers.MOST_THREADS];
    try {
      for (int i = 0; i < busy.length; i++) {
        busy[i] = relay("What is 3 plus 4?", "");
      }
      for (Relay relay : busy) {
        relay.head();
      }
      // No worker has read these bodies: the event loop finds out what they ask for.
      try (Relay whole = relay("What is 3 plus 4?", ",\"stream\":false,\"user\":\"\\\"stream\"");
          Relay stream = relay("What is 3 plus 4?", ",\"stream\" : true");
          Relay broken = new Relay("{\"stream\":tru")) {
        assertFalse(whole.head().toLowerCase(Locale.ROOT).contains(EVENT_STREAM));
        assertTrue(stream.head().toLowerCase(Locale.ROOT).contains(EVENT_STREAM));
        assertTrue(broken.head().startsWith("HTTP/1.1 200 "));
        GATE.release(busy.length + 2);
        assertTrue(TestServer.json(whole.body()).has("choices"));
        assertTrue(stream.body().strip().endsWith("data: [DONE]"));
        assertEquals("invalid_json", TestServer.json(broken.body()).at("/error/code").asText());
      }
    } finally {
      for (Relay relay : busy) {
        relay.body();
        relay.close();
      }
    }
  }

  @Test
  void theOperatorsOwnRequestsHaveTheirOwnStatus() {
    GATE.release();
    assertEquals(400, server.post(CHAT, chat("refuse", "")).statusCode());
  }

  /** A relay over a connection of its own, read piece by piece. */
  private static final class Relay implements AutoCloseable {
    private final Socket socket;

    Relay(String body) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port());
      socket.setSoTimeout(240_000);
      String request =
          """
          POST /chat/completions HTTP/1.1\r
          Host: x\r
          Connection: close\r
          Content-Type: application/json\r
          pocket-service: text-generation\r
          Content-Length: %d\r
          \r
          %s\
          """
              .formatted(body.length(), body);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
    }

    String head() throws IOException {
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = socket.getInputStream().read();
        assertTrue(next >= 0, head.toString());
        head.append((char) next);
      }
      return head.toString();
    }

    String next(int bytes) throws IOException {
      return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.UTF_8);
    }

    /** The chunks that are left, joined. */
    String body() throws IOException {
      String rest = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      StringBuilder body = new StringBuilder();
      for (int at = 0; at < rest.length(); ) {
        int line = rest.indexOf("\r\n", at);
        int length = Integer.parseInt(rest.substring(at, line), 16);
        body.append(rest, line + 2, line + 2 + length);
        at = line + 2 + length + 2;
      }
      return body.toString();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
