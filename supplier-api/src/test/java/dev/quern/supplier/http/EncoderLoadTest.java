package dev.quern.supplier.http;

import static dev.quern.supplier.http.EncoderServer.EMBED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.embed.EncoderSnapshot;
import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many clients at once, and a language model beside them on the same device. */
@Timeout(300)
class EncoderLoadTest {
  private static EncoderServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    server = EncoderServer.start(cache, EncoderRouteSettings.defaults(), "demo", EMBED);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void everyClientGetsItsOwnVectorsOrIsToldThatTheServerIsBusy() throws Exception {
    List<JsonNode> alone = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      alone.add(server.ok("/embed", "{\"inputs\":\"" + text(i) + "\"}"));
    }
    AtomicInteger answered = new AtomicInteger();
    try (ExecutorService clients = Executors.newFixedThreadPool(100)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int client = 0; client < 100; client++) {
        int which = client % 8;
        runs.add(
            clients.submit(
                () -> {
                  for (int i = 0; i < 10; i++) {
                    HttpResponse<String> response =
                        server.post("/embed", "{\"inputs\":\"" + text(which) + "\"}");
                    if (response.statusCode() == 429) {
                      assertEquals("1", response.headers().firstValue("Retry-After").orElse(""));
                      assertEquals(
                          "Overloaded",
                          TestServer.json(response.body()).path("error_type").asText());
                      continue;
                    }
                    assertEquals(200, response.statusCode(), response.body());
                    assertClose(alone.get(which).get(0), TestServer.json(response.body()).get(0));
                    answered.incrementAndGet();
                  }
                }));
      }
      for (Future<?> run : runs) {
        run.get(240, TimeUnit.SECONDS);
      }
    }
    assertTrue(answered.get() >= 64, "answered " + answered);
    assertEquals(0, snapshot().requests());
  }

  @Test
  void aLanguageModelAndAnEncoderBothGetOnWithTheirWork() throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    try (ExecutorService clients = Executors.newFixedThreadPool(6)) {
      List<Future<Integer>> embedders = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        embedders.add(
            clients.submit(
                () -> {
                  int done = 0;
                  while (!enough.get()) {
                    server.ok("/embed", "{\"inputs\":[\"" + text(3) + "\",\"" + text(5) + "\"]}");
                    done++;
                  }
                  return done;
                }));
      }
      // The encoder's queue is hardly ever empty, and the language model finishes all the same.
      for (int i = 0; i < 3; i++) {
        JsonNode answer =
            server.ok(
                "/v1/completions",
                "{\"model\":\"demo\",\"prompt\":\"One\",\"max_tokens\":200,\"ignore_eos\":true}");
        assertEquals(200, answer.at("/usage/completion_tokens").asInt());
      }
      enough.set(true);
      int done = 0;
      for (Future<Integer> embedder : embedders) {
        done += embedder.get(60, TimeUnit.SECONDS);
      }
      assertTrue(done >= 4, "embedded " + done);
    }
  }

  @Test
  void clientsThatLeaveCostNothingMore() throws Exception {
    String texts = "\"word word word word\",".repeat(2000) + "\"end\"";
    String body = "{\"model\":\"bert-mean\",\"input\":[" + texts + "]}";
    byte[] request =
        ("POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body)
            .getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < 10; i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
        socket.getOutputStream().write(request);
        socket.getOutputStream().flush();
      }
    }
    server.ok("/embed", "{\"inputs\":\"still there\"}");
    // A request that was given up goes at once; its texts, when their turn comes and they are
    // skipped.
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while ((snapshot().requests() > 0 || snapshot().waitingInputs() > 0)
        && System.nanoTime() - end < 0) {
      Thread.sleep(5);
    }
    assertEquals(0, snapshot().requests());
    assertEquals(0, snapshot().waitingInputs());
    assertTrue(snapshot().healthy());
  }

  private static EncoderSnapshot snapshot() {
    return ((LoadedEncoder) Objects.requireNonNull(server.models.get(EMBED))).engine().snapshot();
  }

  private static String text(int i) {
    return "stone ".repeat(i + 1) + "number " + i;
  }

  private static void assertClose(JsonNode expected, JsonNode actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).floatValue(), actual.get(i).floatValue(), 1e-5);
    }
  }
}
