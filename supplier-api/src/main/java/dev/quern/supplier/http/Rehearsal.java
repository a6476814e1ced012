package dev.quern.supplier.http;

import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.openai.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first relays of a process, sent by itself: what they take, the classes of every room to load
 * above all, is then behind when the network's first one comes. On a machine that other work keeps
 * busy that takes seconds, and a miner waits no more than five for a head.
 */
final class Rehearsal {
  private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
  private static final int LONGEST_SECONDS = 60;

  private final InetSocketAddress server;
  private final Optional<String> key;

  /**
   * A rehearsal.
   *
   * @param server where it listens
   * @param key that the server accepts, if it asks for one
   */
  Rehearsal(InetSocketAddress server, Optional<String> key) {
    this.server = server;
    this.key = key;
  }

  /** Asks a model for a token, at once and as a stream; a fault is logged and stops nobody. */
  void run(ServedModel model) {
    long begin = System.nanoTime();
    boolean chat = model.loaded().chatTemplate().isPresent();
    String prompt =
        chat ? "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]" : "\"prompt\":\"Hello\"";
    for (boolean stream : new boolean[] {false, true}) {
      String body =
          "{\"model\":%s,%s,\"max_tokens\":1,\"stream\":%b}"
              .formatted(Json.quoted(model.metricsName()), prompt, stream);
      try {
        String answer = ask(chat ? "/v1/chat/completions" : "/v1/completions", body);
        LOG.debug("{}: rehearsed: {}", model.metricsName(), answer);
      } catch (IOException e) {
        LOG.warn("{}: the first relay was not rehearsed: {}", model.metricsName(), e.toString());
      }
    }
    LOG.debug(
        "{}: rehearsed in {} ms",
        model.metricsName(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
  }

  /** The answer's first line. */
  private String ask(String path, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder();
    head.append("POST ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
    head.append("Connection: close\r\nContent-Type: application/json\r\n");
    // What makes it a relay; it names nobody, so that no label of the metrics is taken.
    head.append("Pocket-Session-Start-Height: 1\r\n");
    key.ifPresent(bearer -> head.append("Authorization: Bearer ").append(bearer).append("\r\n"));
    head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
    try (Socket socket = new Socket()) {
      int patience = Math.toIntExact(TimeUnit.SECONDS.toMillis(LONGEST_SECONDS));
      socket.connect(server, patience);
      socket.setSoTimeout(patience);
      socket.getOutputStream().write(head.toString().getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().write(body);
      return firstLine(socket.getInputStream());
    }
  }

  private static String firstLine(InputStream answer) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_SECONDS);
    StringBuilder text = new StringBuilder();
    byte[] piece = new byte[4096];
    for (int read = answer.read(piece); read >= 0; read = answer.read(piece)) {
      text.append(new String(piece, 0, read, StandardCharsets.ISO_8859_1));
      if (System.nanoTime() - end > 0) {
        throw new IOException("no whole answer in " + LONGEST_SECONDS + " s");
      }
    }
    return text.toString().lines().findFirst().orElse("");
  }
}
