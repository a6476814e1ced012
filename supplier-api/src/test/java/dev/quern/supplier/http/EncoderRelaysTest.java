package dev.quern.supplier.http;

import static dev.quern.supplier.http.EncoderServer.EMBED;
import static dev.quern.supplier.http.EncoderServer.RERANK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.generate.RelayShare;
import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import dev.quern.supplier.relay.CanarySettings;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings and reranking as relays: names, clients that leave, time that is over. */
@Timeout(300)
class EncoderRelaysTest {
  private static final String EMBEDDINGS = "/v1/embeddings";
  private static final String DOCUMENTS =
      "\"query\":\"flour\",\"documents\":[\"the miller\",\"flour\"]}";

  private static EncoderServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    RelaySettings relays =
        new RelaySettings(
            RelayAccess.HEADER,
            2_000,
            RelayLimits.NONE,
            RelayShare.ALL,
            OptionalInt.empty(),
            OptionalInt.of(2),
            Optional.empty(),
            CanarySettings.OFF);
    server =
        EncoderServer.start(
            cache,
            EncoderRouteSettings.defaults(),
            relays,
            Map.of("vectors", EMBED, "more-vectors", "bert-cls", "judge", RERANK),
            Optional.of("vectors"),
            List.of("bert-cls", EMBED, RERANK));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void unknownAndAbsentNamesGetTheDefaultUnderItsPublicName() {
    for (String name :
        List.of("", "\"model\":\"text-embedding-3-small\",", "\"model\":\"" + EMBED + "\",")) {
      JsonNode answer = server.ok(EMBEDDINGS, "{" + name + "\"input\":\"flour\"}");
      assertEquals("vectors", answer.path("model").asText());
      // The default embeds; the only model that reranks is the better one for that.
      JsonNode ranked = server.ok("/v1/rerank", "{" + name + DOCUMENTS);
      assertEquals("judge", ranked.path("model").asText());
    }
    JsonNode other = server.ok(EMBEDDINGS, "{\"model\":\"more-vectors\",\"input\":\"flour\"}");
    assertEquals("more-vectors", other.path("model").asText());
    JsonNode chosen = server.ok("/v1/rerank", "{\"model\":\"vectors\"," + DOCUMENTS);
    assertEquals("vectors", chosen.path("model").asText());
    JsonNode wrong = server.refused(400, EMBEDDINGS, "{\"model\":\"judge\",\"input\":\"flour\"}");
    assertEquals("model", wrong.path("param").asText());
    server.refused(400, "/v1/classify", "{\"input\":\"flour\"}");
    for (String shown :
        List.of(
            server.get("/v1/models").body(),
            server.get("/metrics").body(),
            wrong.toString(),
            other.toString())) {
      for (String own : List.of(EMBED, RERANK, "bert-cls")) {
        assertFalse(shown.contains(own), own + " is seen in " + shown);
      }
    }
  }

  @Test
  void aClientThatLeavesCancelsItsWorkWhichIsCounted() throws Exception {
    String texts = "\"word word word word\",".repeat(2000) + "\"end\"";
    byte[] request = relay("{\"input\":[" + texts + "]}");
    // Whether the server hears of it before it is done is the machine's to say.
    for (int sent = 1; cancelled() == 0; sent++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
        socket.getOutputStream().write(request);
        socket.getOutputStream().flush();
      }
      while (metric("quern:relays_in_hand ") > 0 || relaysAnswered() < sent) {
        Thread.sleep(2);
      }
    }
    server.ok(EMBEDDINGS, "{\"input\":\"still there\"}");
    assertEquals(
        0, metric("quern:te_queue_size{model_name=\"vectors\",} "), "what is left is dropped");
  }

  @Test
  void aRelayWhoseTimeIsOverIsToldSo() throws IOException {
    byte[] request = relay("{\"input\":\"this body does not end\"}");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
      socket.setSoTimeout(120_000);
      socket.getOutputStream().write(request, 0, request.length - 1);
      socket.getOutputStream().flush();
      StringBuilder answer = new StringBuilder();
      while (!answer.toString().contains("relay_deadline")) {
        int next = socket.getInputStream().read();
        assertTrue(next >= 0, answer.toString());
        answer.append((char) next);
      }
    }
    assertEquals(1, metric("quern:relays_late_total{phase=\"queued\",} "));
    // The operator's own requests have no deadline, and relays' tokens are counted.
    HttpResponse<String> own = server.post(EMBEDDINGS, "{\"input\":\"flour\"}");
    assertEquals(200, own.statusCode());
    double before = metric(TOKENS);
    HttpResponse<String> relayed = server.relay(EMBEDDINGS, "{\"input\":\"flour\"}", "billed");
    assertEquals(200, relayed.statusCode());
    int tokens = TestServer.json(relayed.body()).at("/usage/total_tokens").asInt();
    assertEquals(before + tokens, metric(TOKENS));
  }

  private static final String TOKENS =
      "quern:relay_tokens_total{service=\"none\",application=\"billed\",kind=\"prompt\",} ";

  private static double cancelled() {
    return metric("quern:te_request_failure_total{model_name=\"vectors\",err=\"cancelled\",} ");
  }

  private static double relaysAnswered() {
    return metric(
        "quern:relay_requests_total{service=\"none\",application=\"leaves\",status=\"200\",} ");
  }

  /** A metric's value; 0 where it is not there yet. */
  private static double metric(String name) {
    Matcher line =
        Pattern.compile("^" + Pattern.quote(name) + "(.+)$", Pattern.MULTILINE)
            .matcher(server.get("/metrics").body());
    return line.find() ? Double.parseDouble(line.group(1)) : 0;
  }

  private static byte[] relay(String body) {
    return ("POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nPocket-Application: leaves\r\n"
            + "Content-Type: application/json\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body)
        .getBytes(StandardCharsets.US_ASCII);
  }
}
