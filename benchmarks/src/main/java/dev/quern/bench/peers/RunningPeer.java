package dev.quern.bench.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server's process, from its start to its end. */
final class RunningPeer implements AutoCloseable {
  private static final Duration LONGEST_START = Duration.ofMinutes(5);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(30);

  /** Ids that every checkpoint of a language model has; what they mean does not matter. */
  private static final List<Integer> SHORT_PROMPT = List.of(300, 301, 302, 303);

  private final Peer peer;
  private final Process process;
  private final URI url;
  private double firstTokenSeconds;

  private RunningPeer(Peer peer, Process process, URI url) {
    this.peer = peer;
    this.process = process;
    this.url = url;
    // An interrupted comparison leaves no server behind.
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
  }

  /**
   * Starts a server and waits for the first token of a short request.
   *
   * @param log gets what the server prints
   * @throws IOException when it ends, or does not answer in time
   */
  static RunningPeer start(Peer peer, Path log) throws IOException, InterruptedException {
    int port = freePort();
    List<String> command = new ArrayList<>(peer.command());
    command.addAll(List.of("--port", Integer.toString(port)));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(peer.environment());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    long begin = System.nanoTime();
    RunningPeer running =
        new RunningPeer(peer, builder.start(), URI.create("http://127.0.0.1:" + port));
    try (HttpClient http = HttpClient.newHttpClient()) {
      running.awaitReady(http, begin, log);
      running.awaitToken(http);
      running.firstTokenSeconds = (System.nanoTime() - begin) / 1e9;
      return running;
    } catch (IOException | InterruptedException | RuntimeException e) {
      running.close();
      throw e;
    }
  }

  Peer peer() {
    return peer;
  }

  URI url() {
    return url;
  }

  long pid() {
    return process.pid();
  }

  /** From the start of the process to the first token of its first request. */
  double firstTokenSeconds() {
    return firstTokenSeconds;
  }

  /** Cores' seconds that the process has used. */
  double cpuSeconds() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  /** Asks it to end; ends it when it does not. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(LONGEST_STOP.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void awaitReady(HttpClient http, long begin, Path log)
      throws IOException, InterruptedException {
    HttpRequest health = HttpRequest.newBuilder(url.resolve("/health")).build();
    while (System.nanoTime() - begin < LONGEST_START.toNanos()) {
      if (!process.isAlive()) {
        throw new IOException(peer.name() + " ended at its start; what it said is in " + log);
      }
      try {
        if (http.send(health, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // Not listening yet: the loop's end says so if it never does.
      }
      Thread.sleep(5);
    }
    throw new IOException(peer.name() + " is not ready after " + LONGEST_START + "; see " + log);
  }

  private void awaitToken(HttpClient http) throws IOException, InterruptedException {
    var body = new ObjectMapper().createObjectNode();
    body.put("model", peer.model()).put("max_tokens", 1).put("temperature", 0).put("stream", true);
    SHORT_PROMPT.forEach(body.putArray("prompt")::add);
    HttpRequest request =
        HttpRequest.newBuilder(url.resolve("/v1/completions"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build();
    var response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      String first = lines.readLine();
      if (response.statusCode() != 200 || first == null) {
        throw new IOException(peer.name() + ": HTTP " + response.statusCode() + ": " + first);
      }
      while (lines.readLine() != null) {
        // To its end, so that nothing runs when the first test begins.
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
