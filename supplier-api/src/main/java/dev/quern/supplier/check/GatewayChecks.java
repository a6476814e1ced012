package dev.quern.supplier.check;

import static dev.quern.supplier.check.CheckProfile.PATH;
import static dev.quern.supplier.check.CheckProfile.TESTBENCH;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.supplier.relay.SafeWords;
import java.util.List;
import java.util.Map;

/** What PATH sends, and how it judges what comes back. */
final class GatewayChecks {
  private static final String COUNTED =
      "supplier certificate rate limit forbidden unauthorized connection refused";
  private static final int LONGEST_ERROR = 1024;

  private GatewayChecks() {}

  static List<Check> all() {
    return List.of(
        Check.of(
            "prefixes",
            "routes work with and without /v1, since the gateway strips it",
            GatewayChecks::prefixes,
            PATH),
        Check.of("answer-type", "answers are application/json", GatewayChecks::answerType, PATH),
        Check.of(
            "first-bytes",
            "a model's own words lie beyond the 512 bytes that the gateway judges",
            GatewayChecks::firstBytes,
            PATH),
        Check.of(
            "first-bytes-identity",
            "answers about the model pass the gateway's judgement",
            GatewayChecks::firstBytesOfIdentity,
            PATH,
            TESTBENCH),
        Check.of(
            "error-words",
            "a refusal is short and quotes no words that count against a supplier",
            GatewayChecks::errorWords,
            PATH),
        Check.of(
            "null-members",
            "an answer has neither \"tool_calls\": null nor a top-level error",
            GatewayChecks::nullMembers,
            PATH,
            TESTBENCH));
  }

  private static String prefixes(RelayClient client) throws CheckFailure {
    for (String prefix : List.of("", "/v1")) {
      client.get(prefix + "/models").ok("GET " + prefix + "/models");
      client
          .post(
              prefix + "/chat/completions",
              Bodies.chat(client.model(), "Say yes.").put("max_tokens", 4))
          .ok("POST " + prefix + "/chat/completions");
      client
          .post(prefix + "/completions", Bodies.completion(client.model(), "One, two,", 4))
          .ok("POST " + prefix + "/completions");
    }
    return "models, chat and completions answer under both";
  }

  private static String answerType(RelayClient client) throws CheckFailure {
    String type =
        client
            .post(
                "/v1/chat/completions",
                Bodies.chat(client.model(), "Say yes.").put("max_tokens", 4))
            .ok("/v1/chat/completions")
            .header("Content-Type");
    CheckFailure.unless(type.startsWith("application/json"), "the Content-Type is '" + type + "'");
    return type;
  }

  private static String firstBytes(RelayClient client) throws CheckFailure {
    Answer completion =
        client
            .post(
                "/v1/completions", Bodies.completion(client.model(), COUNTED, 8).put("echo", true))
            .ok("/v1/completions");
    Answer chat =
        client
            .post(
                "/v1/chat/completions",
                Bodies.chat(client.model(), "Repeat: " + COUNTED).put("max_tokens", 16))
            .ok("/v1/chat/completions");
    int first = Integer.MAX_VALUE;
    for (Answer answer : List.of(completion, chat)) {
      FirstBytes.judge(answer.body(), "the answer");
      first = Math.min(first, answer.text().indexOf("\"choices\""));
    }
    CheckFailure.unless(
        first >= FirstBytes.JUDGED,
        "\"choices\" begins at byte "
            + first
            + "; Quern moves it for relays: serve with --relays keyless, or let the miner forward"
            + " Pocket-* headers and say --pocket-headers here");
    return "\"choices\" begins at byte " + first;
  }

  private static String firstBytesOfIdentity(RelayClient client) throws CheckFailure {
    List<String> paths =
        List.of("/v1/models", "/pokt/tokenizer-hash", "/pokt/config", "/pokt/config-hash");
    for (String path : paths) {
      FirstBytes.judge(client.get(path).ok("GET " + path).body(), path);
    }
    return String.join(", ", paths);
  }

  private static String errorWords(RelayClient client) throws CheckFailure {
    String body =
        Bodies.chat(client.model(), "hi")
            .put("temperature", "rate limit: unauthorized " + "word ".repeat(1000))
            .toString();
    Answer answer = client.post("/v1/chat/completions", body, Map.of());
    CheckFailure.unless(
        answer.status() >= 400 && answer.status() < 500,
        "a temperature that is no number was answered " + answer.status());
    CheckFailure.unless(
        answer.body().length <= LONGEST_ERROR,
        "the refusal has " + answer.body().length + " bytes");
    CheckFailure.unless(
        SafeWords.safe(answer.text()),
        "the refusal has words that the gateway takes for a fault: " + answer.shown());
    return answer.shown();
  }

  private static String nullMembers(RelayClient client) throws CheckFailure {
    JsonNode json =
        client
            .post(
                "/v1/chat/completions",
                Bodies.chat(client.model(), "Say yes.").put("max_tokens", 4))
            .ok("/v1/chat/completions")
            .json("the answer");
    CheckFailure.unless(!json.has("error"), "a success has a top-level \"error\"");
    for (JsonNode choice : json.path("choices")) {
      CheckFailure.unless(
          !choice.path("message").path("tool_calls").isNull(), "\"tool_calls\" is null");
    }
    return "neither";
  }
}
