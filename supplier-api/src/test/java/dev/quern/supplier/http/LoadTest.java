package dev.quern.supplier.http;

import static dev.quern.supplier.http.TestServer.CHAT;
import static dev.quern.supplier.http.TestServer.COMPLETIONS;
import static dev.quern.supplier.http.TestServer.chat;
import static dev.quern.supplier.http.TestServer.completion;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import dev.quern.supplier.ModelCatalog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Too much work, clients too slow, and a stop in the middle of it. */
@Timeout(300)
class LoadTest {
  private final Path cache;

  LoadTest(@TempDir Path cache) {
    this.cache = cache;
  }

  @Test
  void overloadIs429WithRetryAfter() throws Exception {
    try (TestServer server =
        TestServer.start(
            cache, TestServer.settings(), ServerLimits.of(TestServer.settings()), 1, Map.of())) {
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        answers.add(
            server.client.sendAsync(
                server
                    .request(COMPLETIONS)
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            completion("One", "\"max_tokens\":8,\"ignore_eos\":true")))
                    .build(),
                HttpResponse.BodyHandlers.ofString()));
      }
      assertEquals(200, server.get("/health").statusCode());
      int refused = 0;
      int served = 0;
      for (CompletableFuture<HttpResponse<String>> future : answers) {
        HttpResponse<String> answer = future.get(240, TimeUnit.SECONDS);
        if (answer.statusCode() == 429) {
          refused++;
          assertTrue(answer.headers().firstValue("Retry-After").isPresent());
          assertEquals("overloaded", TestServer.error(answer).path("code").asText());
        } else {
          served++;
          assertEquals(200, answer.statusCode(), answer.body());
        }
      }
      assertTrue(refused > 0 && served > 0, refused + " refused, " + served + " served");
      // Choices are all or nothing: what of them was queued is given back.
      assertEquals(
          429,
          server
              .post(
                  COMPLETIONS,
                  "{\"model\":\"demo\",\"prompt\":\"One\",\"n\":100,\"max_tokens\":500}")
              .statusCode());
      server.awaitIdle();
      server.assertServesAndHoldsNothing();
    }
  }

  @Test
  void aClientThatReadsNothingHoldsNoDeviceWork() throws Exception {
    ServerLimits limits =
        new ServerLimits(32 * 1024, 128, 500, 20_000, 60_000, 64_000_000, 1024, 200, 60_000);
    try (TestServer server = TestServer.start(cache, TestServer.settings(), limits, 64, Map.of());
        Socket socket = new Socket()) {
      socket.setReceiveBufferSize(1024);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.server.port()));
      // The scores of eight long prompts come first: megabytes, more than the sockets' buffers.
      String body =
          chat(
              "word ".repeat(400),
              "\"n\":8,\"stream\":true,\"ignore_eos\":true,\"max_tokens\":400,"
                  + "\"prompt_logprobs\":20,\"logprobs\":true");
      socket
          .getOutputStream()
          .write(
              ("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body)
                  .getBytes(StandardCharsets.ISO_8859_1));
      while (server.model.engine().snapshot().running() == 0) {
        Thread.sleep(5);
      }
      server.awaitIdle();
      long generated = server.model.engine().snapshot().generationTokens();
      assertTrue(generated < 8 * 400, "ended after " + generated + " tokens");
      server.assertServesAndHoldsNothing();
    }
  }

  @Test
  void connectionsBeyondTheBoundAreRefused() throws Exception {
    ServerSettings few = new ServerSettings("127.0.0.1", 0, Set.of(), false, 1_000_000, 4, 5);
    try (TestServer server = TestServer.start(cache, few, ServerLimits.of(few), 64, Map.of())) {
      List<Socket> sockets = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        sockets.add(new Socket(InetAddress.getLoopbackAddress(), server.server.port()));
      }
      try (Socket fifth = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
        fifth.setSoTimeout(60_000);
        assertEquals(-1, fifth.getInputStream().read());
      }
      for (Socket socket : sockets) {
        socket.close();
      }
      awaitRoom(server);
      server.assertServesAndHoldsNothing();
    }
  }

  /** The server hears a little later that connections were closed. */
  private static void awaitRoom(TestServer server) throws InterruptedException {
    for (int tries = 0; tries < 1000; tries++) {
      try {
        assertEquals(200, server.get("/health").statusCode());
        return;
      } catch (UncheckedIOException e) {
        Thread.sleep(10);
      }
    }
    throw new AssertionError("closed connections are still counted");
  }

  @Test
  void drainingFinishesWhatRunsAndRefusesTheRest() throws Exception {
    try (TestServer server = TestServer.start(cache)) {
      HttpRequest request =
          server
              .request(CHAT)
              .POST(
                  HttpRequest.BodyPublishers.ofString(
                      chat("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":40")))
              .build();
      CompletableFuture<HttpResponse<String>> running =
          server.client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
      while (server.model.engine().snapshot().running() == 0) {
        Thread.sleep(2);
      }
      Thread drain = Thread.ofVirtual().start(server.server::drain);
      while (!server.server.draining()) {
        Thread.sleep(1);
      }
      HttpResponse<String> refused = server.post(CHAT, chat("hi", ""));
      assertEquals(503, refused.statusCode());
      assertTrue(refused.headers().firstValue("Retry-After").isPresent());
      assertEquals(503, server.get("/health").statusCode());
      HttpResponse<String> finished = running.get(240, TimeUnit.SECONDS);
      assertEquals(200, finished.statusCode(), finished.body());
      drain.join();
      assertThrows(
          IOException.class,
          () -> new Socket(InetAddress.getLoopbackAddress(), server.server.port()).close());
    }
  }

  @Test
  void aTakenPortIsAClearError() {
    try (TestServer server = TestServer.start(cache)) {
      ServerSettings same =
          new ServerSettings("127.0.0.1", server.server.port(), Set.of(), false, 1_000_000, 16, 5);
      QuernException error =
          assertThrows(
              QuernException.class,
              () -> SupplierServer.start(same, new ModelCatalog(List.of(), Map.of())));
      assertTrue(error.message().contains("--port"), error.message());
      assertFalse(error.message().isBlank());
    }
  }

  @Test
  void withoutAModelItIsNotHealthy() {
    try (SupplierServer empty =
        SupplierServer.start(TestServer.settings(), new ModelCatalog(List.of(), Map.of()))) {
      assertTrue(empty.port() > 0);
      HttpResponse<String> health = getHealth(empty.port());
      assertEquals(503, health.statusCode());
    }
  }

  private static HttpResponse<String> getHealth(int port) {
    try (java.net.http.HttpClient client = java.net.http.HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(java.net.URI.create("http://127.0.0.1:" + port + "/health"))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
