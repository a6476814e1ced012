package dev.quern.supplier.http;

import static dev.quern.supplier.http.TestServer.CHAT;
import static dev.quern.supplier.http.TestServer.COMPLETIONS;
import static dev.quern.supplier.http.TestServer.chat;
import static dev.quern.supplier.http.TestServer.completion;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.quern.engine.generate.RelayShare;
import dev.quern.supplier.relay.CanarySettings;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import dev.quern.supplier.relay.SessionSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Relays whose time is over, and applications that ask for too much at once. */
@Timeout(300)
class RelayTimeTest {
  private static final String LONG =
      completion("One", "\"max_tokens\":1000,\"ignore_eos\":true,\"n\":60,\"seed\":1");

  private final Path cache;

  RelayTimeTest(@TempDir Path cache) {
    this.cache = cache;
  }

  @Test
  void aLateRelayIsCancelledAndCounted() throws Exception {
    try (TestServer server = start(settings(OptionalInt.of(2), Optional.empty()))) {
      HttpResponse<String> late = server.post(COMPLETIONS, LONG, "Pocket-Application", "app");
      // The head left before the time was over; the metrics have what it became.
      assertEquals(200, late.statusCode());
      assertEquals("relay_deadline", TestServer.error(late).path("code").asText());
      server.awaitIdle();
      String metrics = server.get("/metrics").body();
      assertTrue(metrics.contains("quern:relays_late_total{phase=\"running\",} 1.0"), metrics);
      assertTrue(
          metrics.contains(
              "quern:relay_requests_total{service=\"none\",application=\"app\",status=\"410\",}"
                  + " 1.0"),
          metrics);
      assertTrue(metrics.contains("quern:relays_in_hand 0.0"), metrics);
      assertTrue(metrics.contains("traffic=\"relay\""), metrics);
      // The operator's own has no deadline.
      assertEquals(200, server.post(CHAT, chat("Hi", "\"max_tokens\":4")).statusCode());
    }
  }

  @Test
  void aLateStreamEndsWithAnErrorEvent() {
    try (TestServer server = start(settings(OptionalInt.of(2), Optional.empty()))) {
      String body = LONG.replace("\"n\":60", "\"n\":60,\"stream\":true");
      HttpResponse<String> late = server.post(COMPLETIONS, body, "Pocket-Service", "s");
      assertEquals(200, late.statusCode());
      assertTrue(late.body().strip().endsWith("\"code\":\"relay_deadline\"}}"));
    }
  }

  @Test
  void anApplicationWaitsForItsOwn() throws IOException, InterruptedException {
    try (TestServer server = start(settings(OptionalInt.empty(), Optional.empty()))) {
      HttpRequest running =
          server
              .request(COMPLETIONS, "Pocket-Application", "busy")
              .POST(HttpRequest.BodyPublishers.ofString(LONG.replace("\"n\":60", "\"n\":4")))
              .build();
      // The head comes as soon as the engine has it; closing the body cancels it.
      try (InputStream answer =
          server.client.send(running, HttpResponse.BodyHandlers.ofInputStream()).body()) {
        String small = completion("One", "\"max_tokens\":1");
        assertEquals(
            429, server.post(COMPLETIONS, small, "Pocket-Application", "busy").statusCode());
        assertEquals(
            200, server.post(COMPLETIONS, small, "Pocket-Application", "other").statusCode());
        assertEquals(' ', answer.read());
      }
      server.awaitIdle();
    }
  }

  @Test
  void aSessionThatIsOverIsNotServed() throws Exception {
    HttpServer node =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    node.createContext(
        "/status",
        exchange -> {
          byte[] body =
              "{\"result\":{\"sync_info\":{\"latest_block_height\":\"100\"}}}"
                  .getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    node.start();
    URI status = URI.create("http://127.0.0.1:" + node.getAddress().getPort() + "/status");
    SessionSettings sessions = new SessionSettings(status, Duration.ofHours(1));
    try (TestServer server = start(settings(OptionalInt.empty(), Optional.of(sessions)))) {
      String body = completion("One", "\"max_tokens\":1");
      int answer = 0;
      // Until the height is known, nothing is late.
      for (int tries = 0; tries < 1000 && answer != 410; tries++) {
        answer = server.post(COMPLETIONS, body, "Pocket-Session-End-Height", "99").statusCode();
        Thread.sleep(10);
      }
      assertEquals(410, answer);
      assertEquals(
          200, server.post(COMPLETIONS, body, "Pocket-Session-End-Height", "100").statusCode());
      assertTrue(
          server.get("/metrics").body().contains("quern:relays_late_total{phase=\"arrival\",} 1"));
    } finally {
      node.stop(0);
    }
  }

  private static RelaySettings settings(
      OptionalInt deadlineSeconds, Optional<SessionSettings> sessions) {
    return new RelaySettings(
        RelayAccess.HEADER,
        50,
        RelayLimits.NONE,
        RelayShare.ALL,
        OptionalInt.of(1),
        deadlineSeconds,
        sessions,
        CanarySettings.OFF);
  }

  private TestServer start(RelaySettings relays) {
    return TestServer.start(
        cache,
        TestServer.settings(),
        relays,
        ServerLimits.of(TestServer.settings()),
        64,
        Map.of(),
        Optional.empty());
  }
}
