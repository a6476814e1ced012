package dev.quern.supplier.check;

import static dev.quern.supplier.check.CheckProfile.TESTBENCH;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.supplier.relay.PythonJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What pocket-ml-testbench asks of a supplier: identity, configuration, tasks. */
final class TestBenchChecks {
  private static final String COMPLETIONS = "/v1/completions";
  private static final String TEN_WORDS =
      "river lamp seven quiet stone paper cloud green wheel house";

  /** Ids that any vocabulary has. */
  private static final int[] SCORED_TOKENS = {40, 41, 42, 43, 44, 45};

  private TestBenchChecks() {}

  static List<Check> all() {
    return List.of(
        Check.of(
            "tokenizer",
            "GET /pokt/tokenizer has the files that the testers read",
            TestBenchChecks::tokenizer,
            TESTBENCH),
        Check.of(
            "tokenizer-hash",
            "its hash is that of Python's json.dumps with sorted keys",
            client -> hash(client, "tokenizer"),
            TESTBENCH),
        Check.of(
            "config",
            "GET /pokt/config has the configuration and hides the model's own name",
            TestBenchChecks::config,
            TESTBENCH),
        Check.of(
            "config-hash",
            "its hash is that of Python's json.dumps with sorted keys",
            client -> hash(client, "config"),
            TESTBENCH),
        Check.of(
            "identity",
            "five completions with the seeds 0 to 4, whose texts the testers hash",
            TestBenchChecks::identity,
            TESTBENCH),
        Check.of(
            "reproducible",
            "the same greedy completion has the same text twice",
            TestBenchChecks::reproducible,
            TESTBENCH),
        Check.of(
            "task",
            "a task's chat, which asks for 8192 tokens, is answered",
            TestBenchChecks::task,
            TESTBENCH),
        Check.of(
            "public-name",
            "answers and all chunks of a stream name the model as it was asked for",
            TestBenchChecks::publicName,
            TESTBENCH),
        Check.of(
            "scoring",
            "a prompt of token ids is scored, or log-probabilities are refused with 4xx",
            TestBenchChecks::scoring,
            TESTBENCH));
  }

  private static String tokenizer(RelayClient client) throws CheckFailure {
    JsonNode json = client.get("/pokt/tokenizer").ok("/pokt/tokenizer").json("/pokt/tokenizer");
    for (String member : List.of("tokenizer", "tokenizer_config", "special_tokens_map")) {
      CheckFailure.unless(json.path(member).isObject(), "it has no object '" + member + "'");
    }
    JsonNode length = json.at("/tokenizer_config/model_max_length");
    CheckFailure.unless(
        length.isTextual() || length.isMissingNode(),
        "tokenizer_config.model_max_length is no string: " + length);
    return json.path("tokenizer").size() + " members";
  }

  private static String config(RelayClient client) throws CheckFailure {
    JsonNode json = client.get("/pokt/config").ok("/pokt/config").json("/pokt/config");
    CheckFailure.unless(json.path("config").isObject(), "it has no object 'config'");
    String name = json.at("/config/_name_or_path").asText();
    CheckFailure.unless(name.equals("Unknown"), "config._name_or_path is '" + name + "'");
    return json.path("config").size() + " members";
  }

  private static String hash(RelayClient client, String part) throws CheckFailure {
    String path = "/pokt/" + part;
    Answer whole = client.get(path).ok(path);
    whole.json(path);
    String expected = PythonJson.sha256(PythonJson.readObject(whole.text(), path));
    String told =
        client.get(path + "-hash").ok(path + "-hash").json(path + "-hash").path("hash").asText();
    CheckFailure.unless(
        told.equals(expected), "the hash is " + told + ", but that of the object " + expected);
    return expected;
  }

  private static String identity(RelayClient client) throws CheckFailure {
    List<String> texts = new ArrayList<>();
    for (int seed = 0; seed < 5; seed++) {
      texts.add(text(client, seed));
    }
    return texts.stream().distinct().count() + " different texts";
  }

  private static String reproducible(RelayClient client) throws CheckFailure {
    String first = text(client, 0);
    CheckFailure.unless(
        text(client, 0).equals(first), "the same request had two different answers");
    return first.length() + " characters, twice";
  }

  private static String text(RelayClient client, int seed) throws CheckFailure {
    ObjectNode body = Bodies.completion(client.model(), TEN_WORDS, 100).put("seed", seed);
    JsonNode text =
        client.post(COMPLETIONS, body).ok(COMPLETIONS).json(COMPLETIONS).at("/choices/0/text");
    CheckFailure.unless(text.isTextual(), "choices[0].text is no string");
    return text.asText();
  }

  private static String task(RelayClient client) throws CheckFailure {
    ObjectNode body =
        Bodies.chat(client.model(), "What is 3 plus 4? Answer with the number alone.");
    body.put("max_completion_tokens", 8192).put("seed", 1234);
    body.putArray("stop").add("\n\n").add("Question:");
    Answer answer = client.post(RelayMinerChecks.CHAT, body);
    CheckFailure.unless(
        answer.status() < 400 || answer.status() >= 500,
        "the task was refused with "
            + answer.status()
            + " (--crop-max-tokens caps lengths instead): "
            + answer.shown());
    JsonNode json = answer.ok("the task").json("the task's answer");
    for (String pointer :
        List.of("/id", "/model", "/choices/0/index", "/choices/0/message/role", "/usage")) {
      CheckFailure.unless(!json.at(pointer).isMissingNode(), "the answer has no " + pointer);
    }
    return json.at("/usage/completion_tokens").asInt() + " tokens";
  }

  private static String publicName(RelayClient client) throws CheckFailure {
    ObjectNode body = Bodies.chat(client.model(), "Say yes.").put("max_tokens", 4);
    named(client, client.post(RelayMinerChecks.CHAT, body).ok("chat").json("chat"), "the answer");
    Answer stream =
        client
            .post(RelayMinerChecks.CHAT, body.put("stream", true).toString(), Map.of())
            .ok("a stream");
    for (String event : HaMinerChecks.events(stream)) {
      if (!event.equals("[DONE]")) {
        named(client, HaMinerChecks.chunk(event), "a chunk");
      }
    }
    return client.model();
  }

  private static void named(RelayClient client, JsonNode json, String what) throws CheckFailure {
    String name = json.path("model").asText();
    CheckFailure.unless(
        name.equals(client.model()), what + " names '" + name + "', not " + client.model());
  }

  private static String scoring(RelayClient client) throws CheckFailure {
    ObjectNode body = Bodies.completion(client.model(), "", 0).put("echo", true).put("logprobs", 5);
    ArrayNode prompt = body.putArray("prompt");
    for (int token : SCORED_TOKENS) {
      prompt.add(token);
    }
    Answer answer = client.post(COMPLETIONS, body);
    if (answer.status() >= 400 && answer.status() < 500) {
      return "refused with " + answer.status() + ": " + answer.shown();
    }
    JsonNode logprobs = answer.ok("scoring").json("scoring").at("/choices/0/logprobs");
    for (String member : List.of("token_logprobs", "top_logprobs")) {
      CheckFailure.unless(
          logprobs.path(member).size() == SCORED_TOKENS.length,
          member + " has not one entry for each of " + SCORED_TOKENS.length + " tokens");
    }
    CheckFailure.unless(
        logprobs.path("token_logprobs").path(1).isNumber(), "token_logprobs[1] is no number");
    return SCORED_TOKENS.length + " tokens scored";
  }
}
