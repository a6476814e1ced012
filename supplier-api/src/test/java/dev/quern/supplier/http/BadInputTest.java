package dev.quern.supplier.http;

import static dev.quern.supplier.http.TestServer.CHAT;
import static dev.quern.supplier.http.TestServer.COMPLETIONS;
import static dev.quern.supplier.http.TestServer.chat;
import static dev.quern.supplier.http.TestServer.completion;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever comes in: a clear refusal, and after it the server serves and holds nothing. */
@Timeout(300)
class BadInputTest {
  private static TestServer server;

  @BeforeAll
  static void start(@TempDir Path cache) {
    ServerLimits limits =
        new ServerLimits(32 * 1024, 128, 500, 20_000, 1500, 64_000_000, 1024, 1 << 18, 30_000);
    server = TestServer.start(cache, TestServer.settings(), limits, 64, java.util.Map.of());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void itStillServes() throws InterruptedException {
    server.assertServesAndHoldsNothing();
  }

  @Test
  void invalidJson() {
    for (String body : List.of("{", "", "[]", "{\"model\":\"demo\",}", "\u0000")) {
      assertEquals("invalid_json", server.refused(400, CHAT, body).path("code").asText());
    }
  }

  @Test
  void wrongTypes() {
    assertEquals("max_tokens", param(chat("hi", "\"max_tokens\":\"many\"")));
    assertEquals("stream", param(chat("hi", "\"stream\":1")));
    assertEquals("messages[0].role", param("{\"model\":\"demo\",\"messages\":[{\"role\":1}]}"));
    assertEquals("model", param("{\"model\":[],\"messages\":[]}"));
  }

  @Test
  void unknownModel() {
    JsonNode error = server.refused(404, CHAT, chat("hi", "").replace("\"demo\"", "\"gpt-9\""));
    assertEquals("model_not_found", error.path("code").asText());
    assertTrue(error.path("message").asText().contains("gpt-9"));
  }

  @Test
  void emptyMessages() {
    assertEquals("messages", param("{\"model\":\"demo\",\"messages\":[]}"));
    assertEquals("messages", param("{\"model\":\"demo\"}"));
  }

  @Test
  void rolesThatTheTemplateRefuses() {
    String body =
        "{\"model\":\"demo\",\"messages\":[{\"role\":\"tool\",\"content\":\"7\","
            + "\"tool_call_id\":\"a\"}]}";
    assertEquals("messages", param(body));
  }

  @Test
  void promptsLongerThanTheContext() {
    JsonNode error = server.refused(400, CHAT, chat("word ".repeat(3000), ""));
    assertEquals("context_length_exceeded", error.path("code").asText());
    assertTrue(error.path("message").asText().contains("1024"), error.toString());
    assertTrue(error.path("message").asText().matches(".*\\b[3-9]\\d{3}\\b.*"), error.toString());
    server.refused(400, COMPLETIONS, completion("word ".repeat(3000), ""));
    assertEquals(
        200,
        server
            .post(
                COMPLETIONS,
                completion("word ".repeat(3000), "\"truncate_prompt_tokens\":-1,\"max_tokens\":2"))
            .statusCode());
  }

  @Test
  void maxTokensBeyondTheContext() {
    JsonNode error = server.refused(400, CHAT, chat("hi", "\"max_tokens\":5000"));
    assertEquals("max_tokens", error.path("param").asText());
    assertTrue(error.path("message").asText().contains("1024"), error.toString());
  }

  @Test
  void samplingValuesOutOfRange() {
    for (String field :
        List.of(
            "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "n", "max_tokens")) {
      assertEquals(field, param(extra("\"" + field + "\":-3")));
      assertEquals(field, param(extra("\"" + field + "\":\"NaN\"")));
    }
    server.refused(400, CHAT, extra("\"top_p\":NaN"));
    assertEquals("presence_penalty", param(extra("\"presence_penalty\":1e308")));
  }

  @Test
  void aThousandStopStrings() {
    List<String> stops = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      stops.add("\"stop" + i + "\"");
    }
    assertEquals("stop", param(chat("hi", "\"stop\":" + stops)));
  }

  @Test
  void tokenIdsOutOfRange() {
    for (String ids : List.of("[3072]", "[-1]", "[1,2,2147483648]", "[[1],[99999]]")) {
      JsonNode error =
          server.refused(400, COMPLETIONS, "{\"model\":\"demo\",\"prompt\":" + ids + "}");
      assertTrue(error.path("param").asText().startsWith("prompt"), error.toString());
    }
    assertEquals("logit_bias", param(chat("hi", "\"logit_bias\":{\"99999\":1}")));
    assertEquals("stop_token_ids", param(chat("hi", "\"stop_token_ids\":[99999]")));
    assertEquals("allowed_token_ids", param(chat("hi", "\"allowed_token_ids\":[99999]")));
  }

  @Test
  void bodiesOfFiftyMegabytes() throws IOException {
    HttpResponse<String> response = server.post(CHAT, chat("x".repeat(50_000_000), ""));
    assertEquals(413, response.statusCode());
    assertEquals("body_too_long", TestServer.error(response).path("code").asText());
    // Chunked: its length is not known before it has come.
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write(post("Transfer-Encoding: chunked", ""));
      String chunk = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
      for (int i = 0; i < 200; i++) {
        out.write(ascii(chunk));
      }
      out.write(ascii("0\r\n\r\n"));
      assertTrue(firstLine(socket).contains(" 413 "));
    }
  }

  @Test
  void headerBombs() throws IOException {
    for (String headers :
        List.of(
            "A: " + "x".repeat(1_000_000) + "\r\n",
            "A: b\r\n".repeat(1000),
            "A: b\r\n".repeat(200_000))) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
        try {
          socket
              .getOutputStream()
              .write(ascii("GET /v1/models HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n"));
          String line = firstLine(socket);
          assertTrue(line.isEmpty() || line.contains(" 431 "), line);
        } catch (SocketException e) {
          // Refused while it was still being sent.
        }
      }
    }
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
      socket
          .getOutputStream()
          .write(ascii("GET /v1/models HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n".repeat(200) + "\r\n"));
      assertTrue(firstLine(socket).contains(" 431 "));
    }
  }

  @Test
  void halfSentRequests() throws IOException {
    try (Socket body = new Socket(InetAddress.getLoopbackAddress(), server.server.port());
        Socket head = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
      head.getOutputStream().write(ascii("GET /v1/models HTTP/1.1\r\nHos"));
      body.getOutputStream().write(post("Content-Length: 1000", "{\"model\":"));
      assertTrue(firstLine(body).contains(" 408 "));
      assertEquals(-1, head.getInputStream().read(), "closed without an answer");
    }
  }

  @Test
  void fiveHundredConnectionsAtOnce() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 500; i++) {
        sockets.add(new Socket(InetAddress.getLoopbackAddress(), server.server.port()));
      }
      String body = completion("One", "\"max_tokens\":1");
      String request =
          "POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
              + body.length()
              + "\r\n\r\n"
              + body;
      for (Socket socket : sockets) {
        socket.getOutputStream().write(ascii(request));
      }
      assertEquals(200, server.get("/health").statusCode());
      int answered = 0;
      int busy = 0;
      for (Socket socket : sockets) {
        String line = firstLine(socket);
        answered += line.contains(" 200 ") ? 1 : 0;
        busy += line.contains(" 429 ") ? 1 : 0;
      }
      assertEquals(500, answered + busy, "each is answered or refused");
      assertTrue(answered >= 64, "answered " + answered);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  @Test
  void whatIsNoHttp() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
      socket.getOutputStream().write(ascii("\u0016\u0003\u0001 nonsense\r\n\r\n"));
      String line = firstLine(socket);
      assertTrue(line.isEmpty() || line.contains(" 400 "), line);
    }
  }

  private static String param(String body) {
    return server.refused(400, CHAT, body).path("param").asText();
  }

  private static String extra(String field) {
    return "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
        + field
        + "}";
  }

  private static byte[] post(String header, String body) {
    return ascii(
        String.join("\r\n", "POST /v1/chat/completions HTTP/1.1", "Host: x", header, "", body));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The status line, empty when the connection was closed without one. */
  private static String firstLine(Socket socket) throws IOException {
    socket.setSoTimeout(60_000);
    InputStream in = socket.getInputStream();
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\r'; c = in.read()) {
      line.append((char) c);
    }
    return line.toString();
  }
}
