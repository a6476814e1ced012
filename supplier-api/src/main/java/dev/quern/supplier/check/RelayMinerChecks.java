package dev.quern.supplier.check;

import static dev.quern.supplier.check.CheckProfile.HA;
import static dev.quern.supplier.check.CheckProfile.PATH;
import static dev.quern.supplier.check.CheckProfile.RELAYMINER;
import static dev.quern.supplier.check.CheckProfile.TESTBENCH;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** What the RelayMiner of poktroll's tree does with its backend (its package relayer). */
final class RelayMinerChecks {
  static final String CHAT = "/v1/chat/completions";
  private static final int LONG_ANSWER = 256;

  private RelayMinerChecks() {}

  static List<Check> all() {
    return List.of(
        Check.of("ping", "the miner's ping, HEAD of the URL", RelayMinerChecks::ping, RELAYMINER),
        Check.of(
            "early-head",
            "status and headers of a long answer come before the miner gives up",
            RelayMinerChecks::earlyHead,
            RELAYMINER),
        Check.of(
            "whole-answer",
            "what follows an early head is one JSON answer",
            RelayMinerChecks::wholeAnswer,
            RELAYMINER,
            TESTBENCH),
        Check.of("gzip", "a compressed answer says so", RelayMinerChecks::gzip, RELAYMINER),
        Check.of(
            "pocket-headers",
            "Pocket-* headers are taken in any letter case",
            RelayMinerChecks::pocketHeaders,
            RELAYMINER,
            HA),
        Check.of(
            "bad-request",
            "a caller's mistake is a paid 4xx with an error object, not an unpaid 5xx",
            RelayMinerChecks::badRequest,
            RELAYMINER,
            HA,
            PATH),
        Check.of(
            "unknown-route",
            "a route that is not there is 404 or 405",
            RelayMinerChecks::unknownRoute,
            RELAYMINER,
            HA));
  }

  private static String ping(RelayClient client) throws CheckFailure {
    int status = client.head("/").status();
    CheckFailure.unless(status < 500, "HEAD / was answered " + status);
    return "HEAD / is answered " + status;
  }

  private static String earlyHead(RelayClient client) throws CheckFailure {
    Answer answer =
        client.postExpectingHead(CHAT, Bodies.longChat(client.model(), LONG_ANSWER)).ok(CHAT);
    return "the head came after " + answer.untilHead().toMillis() + " ms";
  }

  private static String wholeAnswer(RelayClient client) throws CheckFailure {
    JsonNode json =
        client.post(CHAT, Bodies.longChat(client.model(), LONG_ANSWER)).ok(CHAT).json(CHAT);
    CheckFailure.unless(
        !json.path("error").isObject(), "the generation failed: " + json.path("error"));
    CheckFailure.unless(
        json.at("/choices/0/message/content").isTextual(), "the answer has no message's content");
    return json.at("/usage/completion_tokens").asInt() + " tokens";
  }

  private static String gzip(RelayClient client) throws CheckFailure {
    Answer answer = client.get("/v1/models", Map.of("Accept-Encoding", "gzip")).ok("/v1/models");
    String encoding = answer.header("Content-Encoding");
    if (encoding.isEmpty() || encoding.equals("identity")) {
      answer.json("/v1/models");
      return "not compressed";
    }
    CheckFailure.unless(encoding.equals("gzip"), "asked for gzip, got '" + encoding + "'");
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(answer.body()))) {
      new Answer(200, answer.headers(), in.readAllBytes(), answer.untilHead(), 1)
          .json("the unpacked /v1/models");
    } catch (IOException e) {
      throw new CheckFailure("the body says gzip but cannot be unpacked: " + e.getMessage());
    }
    return "gzip";
  }

  private static String pocketHeaders(RelayClient client) throws CheckFailure {
    String body = Bodies.chat(client.model(), "Say yes.").put("max_tokens", 4).toString();
    client
        .post(
            CHAT,
            body,
            Map.of("pocket-supplier", "pokt1a", "POCKET-SERVICE", "x", "pOcKet-Application", "a"))
        .ok("a relay with Pocket-* headers");
    return "answered 200";
  }

  private static String badRequest(RelayClient client) throws CheckFailure {
    Answer answer = client.post(CHAT, "{\"model\":", Map.of());
    CheckFailure.unless(
        answer.status() >= 400 && answer.status() < 500,
        "broken JSON was answered " + answer.status());
    CheckFailure.unless(
        answer.json("the refusal").at("/error/message").isTextual(),
        "the refusal has no error.message: " + answer.shown());
    return "broken JSON is answered " + answer.status();
  }

  private static String unknownRoute(RelayClient client) throws CheckFailure {
    int status = client.get("/v1/no-such-route").status();
    CheckFailure.unless(status == 404 || status == 405, "an unknown route was answered " + status);
    return "an unknown route is answered " + status;
  }
}
