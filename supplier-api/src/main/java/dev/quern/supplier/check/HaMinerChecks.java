package dev.quern.supplier.check;

import static dev.quern.supplier.check.CheckProfile.HA;
import static dev.quern.supplier.check.CheckProfile.TESTBENCH;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** What the high-availability miner (pocket-relay-miner) does with its backends. */
final class HaMinerChecks {
  /** The miner aborts a stream at a longer line. */
  private static final int LONGEST_LINE = 256 << 10;

  private static final int KEPT_ALIVE = 20;
  private static final int ATTEMPTS = 3;

  /** Of fewer events than these nothing can be said. */
  private static final int ENOUGH_EVENTS = 12;

  private HaMinerChecks() {}

  static List<Check> all() {
    return List.of(
        Check.of("health", "health checks of miners and cards", HaMinerChecks::health, HA),
        Check.of("models", "GET /v1/models lists the model", HaMinerChecks::models, HA, TESTBENCH),
        Check.of(
            "identity-encoding",
            "what asks for no compression gets none",
            HaMinerChecks::identityEncoding,
            HA),
        Check.of(
            "keep-alive", "connections stay open between relays", HaMinerChecks::keepAlive, HA),
        Check.of(
            "stream-type",
            "a stream says so in its Content-Type, or the miner holds it back",
            HaMinerChecks::streamType,
            HA),
        Check.of(
            "stream-events",
            "each event is JSON, and [DONE] is the last",
            HaMinerChecks::streamEvents,
            HA),
        Check.of(
            "stream-lines", "no line of a stream is over 256 KB", HaMinerChecks::streamLines, HA),
        Check.of(
            "stream-flushed",
            "events leave when they are made, not all at the end",
            HaMinerChecks::streamFlushed,
            HA));
  }

  private static String health(RelayClient client) throws CheckFailure {
    for (String path : List.of("/health", "/v1/health", "/v1/version")) {
      client.get(path).ok("GET " + path);
    }
    return "/health, /v1/health and /v1/version are answered 200";
  }

  private static String models(RelayClient client) throws CheckFailure {
    JsonNode data = client.get("/v1/models").ok("/v1/models").json("/v1/models").path("data");
    CheckFailure.unless(!data.isEmpty(), "no model is listed: is it still loading?");
    List<String> names = data.valueStream().map(card -> card.path("id").asText()).toList();
    CheckFailure.unless(
        names.contains(client.model()),
        client.model()
            + " is not listed, but "
            + String.join(", ", names)
            + "; serve it with --alias, or say --model");
    return String.join(", ", names);
  }

  private static String identityEncoding(RelayClient client) throws CheckFailure {
    Answer answer =
        client.get("/v1/models", Map.of("Accept-Encoding", "identity")).ok("/v1/models");
    String encoding = answer.header("Content-Encoding");
    CheckFailure.unless(
        encoding.isEmpty() || encoding.equals("identity"), "it was compressed by " + encoding);
    return "not compressed";
  }

  private static String keepAlive(RelayClient client) throws CheckFailure {
    for (int i = 0; i < KEPT_ALIVE; i++) {
      Answer answer = client.get("/v1/models").ok("/v1/models");
      CheckFailure.unless(
          !answer.header("Connection").equalsIgnoreCase("close"),
          "the server closes the connection after an answer");
    }
    return KEPT_ALIVE + " answers, none closes the connection";
  }

  private static Answer stream(RelayClient client) throws CheckFailure {
    String body = Bodies.longChat(client.model(), 64).put("stream", true).toString();
    return client
        .post(RelayMinerChecks.CHAT, body, Map.of("Accept-Encoding", "identity"))
        .ok("a stream");
  }

  private static String streamType(RelayClient client) throws CheckFailure {
    String type = stream(client).header("Content-Type");
    CheckFailure.unless(
        type.startsWith("text/event-stream") || type.startsWith("application/x-ndjson"),
        "the Content-Type is '" + type + "'");
    return type;
  }

  private static String streamEvents(RelayClient client) throws CheckFailure {
    List<String> events = events(stream(client));
    CheckFailure.unless(events.getLast().equals("[DONE]"), "the last event is not [DONE]");
    for (String event : events.subList(0, events.size() - 1)) {
      JsonNode chunk = chunk(event);
      CheckFailure.unless(
          chunk.path("choices").isArray() && !chunk.has("error"), "an event is no chunk: " + event);
    }
    return events.size() + " events";
  }

  private static String streamLines(RelayClient client) throws CheckFailure {
    int longest =
        stream(client)
            .text()
            .lines()
            .mapToInt(line -> line.getBytes(StandardCharsets.UTF_8).length)
            .max()
            .orElse(0);
    CheckFailure.unless(longest <= LONGEST_LINE, "a line has " + longest + " bytes");
    return "the longest line has " + longest + " bytes";
  }

  /** A reader that is held up sees a flushed stream in one piece, too: hence several attempts. */
  private static String streamFlushed(RelayClient client) throws CheckFailure {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Answer answer = stream(client);
      CheckFailure.unless(
          answer.header("Content-Length").isEmpty(),
          "the stream has a Content-Length: it was held back until it was whole");
      int events = events(answer).size();
      if (events < ENOUGH_EVENTS) {
        return "only " + events + " events: the answer is too short to tell";
      }
      if (answer.arrivals() > 1) {
        return events + " events came in " + answer.arrivals() + " pieces";
      }
    }
    throw new CheckFailure(
        "all events came in one piece, " + ATTEMPTS + " times: a proxy may hold them back");
  }

  /** The data of each event, or each line of NDJSON. */
  static List<String> events(Answer answer) throws CheckFailure {
    List<String> events =
        answer
            .text()
            .lines()
            .filter(line -> !line.isBlank() && !line.startsWith(":"))
            .map(line -> line.startsWith("data:") ? line.substring(5).strip() : line)
            .toList();
    CheckFailure.unless(!events.isEmpty(), "the stream is empty");
    return events;
  }

  static JsonNode chunk(String event) throws CheckFailure {
    return new Answer(
            200,
            java.net.http.HttpHeaders.of(Map.of(), (name, value) -> true),
            event.getBytes(StandardCharsets.UTF_8),
            java.time.Duration.ZERO,
            1)
        .json("an event");
  }
}
