package dev.quern.supplier.relay;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a node of the chain for its height, a few times each block. The address may be a CometBFT
 * RPC's {@code /status}, a Cosmos REST API's {@code /cosmos/base/tendermint/v1beta1/blocks/latest},
 * or anything that answers with a number.
 */
public final class HeightSource implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HeightSource.class);
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(10);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
  private static final int ASKED_PER_BLOCK = 4;

  private static final List<String> PLACES =
      List.of(
          "/result/sync_info/latest_block_height",
          "/sync_info/latest_block_height",
          "/block/header/height",
          "/result/block/header/height",
          "/height",
          "");

  private final URI source;
  private final Duration pause;
  private final SessionClock clock;
  private final HttpClient client = HttpClient.newBuilder().connectTimeout(LONGEST_ANSWER).build();
  private final Thread thread;
  private boolean failing;

  private HeightSource(URI source, Duration block, SessionClock clock) {
    this.source = source;
    Duration share = block.dividedBy(ASKED_PER_BLOCK);
    this.pause = share.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : share;
    this.clock = clock;
    this.thread = Thread.ofVirtual().name("height-source").unstarted(this::run);
  }

  /** Asks until it is closed. */
  public static HeightSource start(URI source, Duration block, SessionClock clock) {
    HeightSource heights = new HeightSource(source, block, clock);
    heights.thread.start();
    return heights;
  }

  @Override
  public void close() {
    thread.interrupt();
    client.close();
  }

  private void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        ask();
        Thread.sleep(pause);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void ask() throws InterruptedException {
    try {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(source).timeout(LONGEST_ANSWER).build(),
              HttpResponse.BodyHandlers.ofString());
      OptionalLong height = height(answer.body());
      if (height.isEmpty()) {
        say("its answer (status " + answer.statusCode() + ") holds no height");
        return;
      }
      clock.observe(height.getAsLong(), System.nanoTime());
      failing = false;
    } catch (IOException e) {
      say(e.getClass().getSimpleName() + ": " + e.getMessage());
    }
  }

  /** Once, until it works again; the address may hold a key, so only its host is told. */
  private void say(String fault) {
    if (!failing) {
      LOG.warn("no height from {}: {}; deadlines go on from the last one", source.getHost(), fault);
    }
    failing = true;
  }

  static OptionalLong height(String answer) {
    try {
      JsonNode json = PythonJson.read(answer, "the height");
      for (String place : PLACES) {
        JsonNode value = json.at(place);
        if (value.isValueNode()) {
          return OptionalLong.of(Long.parseLong(value.asText().strip()));
        }
      }
    } catch (RuntimeException e) {
      return OptionalLong.empty();
    }
    return OptionalLong.empty();
  }
}
