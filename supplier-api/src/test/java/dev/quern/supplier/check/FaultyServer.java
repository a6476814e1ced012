package dev.quern.supplier.check;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.supplier.relay.PythonJson;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers as a miner, a gateway and a tester want it, but for one fault: the name of the check that
 * must find it, or none.
 */
final class FaultyServer implements AutoCloseable {
  static final String MODEL = "pocket_network";
  private static final String EVENT_STREAM = "text/event-stream";

  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;
  private final String fault;
  private final AtomicInteger answers = new AtomicInteger();

  FaultyServer(String fault) {
    this.fault = fault;
    this.server =
        vertx
            .createHttpServer()
            .requestHandler(this::answer)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.actualPort());
  }

  private boolean has(String check) {
    return fault.equals(check);
  }

  private void answer(HttpServerRequest request) {
    String path = String.valueOf(request.path());
    String plain = path.startsWith("/v1/") ? path.substring(3) : path;
    if (has("prefixes") && plain.equals(path) && path.startsWith("/c")) {
      json(request.response(), 404, error("no such route"));
      return;
    }
    switch (plain) {
      case "/" -> request.response().setStatusCode(has("ping") ? 502 : 200).end();
      case "/health", "/version" ->
          json(request.response(), has("health") ? 503 : 200, "{\"status\":\"ok\"}");
      case "/models" -> models(request);
      case "/chat/completions", "/completions" ->
          request.body().onSuccess(body -> generate(request, plain, body.toString()));
      case "/pokt/tokenizer" -> json(request.response(), 200, PythonJson.dumps(tokenizer()));
      case "/pokt/tokenizer-hash" -> hash(request, tokenizer(), has("tokenizer-hash"));
      case "/pokt/config" -> json(request.response(), 200, PythonJson.dumps(config()));
      case "/pokt/config-hash" -> hash(request, config(), has("config-hash"));
      default -> json(request.response(), has("unknown-route") ? 500 : 404, error("no such route"));
    }
  }

  private void models(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    if (has("gzip") && "gzip".equals(request.getHeader("Accept-Encoding"))) {
      response.putHeader("Content-Encoding", "gzip");
    }
    if (has("identity-encoding") && "identity".equals(request.getHeader("Accept-Encoding"))) {
      response.putHeader("Content-Encoding", "br");
    }
    if (has("keep-alive")) {
      response.putHeader("Connection", "close");
    }
    json(
        response,
        200,
        has("models")
            ? "{\"object\":\"list\",\"data\":[]}"
            : has("first-bytes-identity")
                ? "{\"note\":\"rate limit\",\"data\":[{\"id\":\"" + MODEL + "\"}]}"
                : "{\"object\":\"list\",\"data\":[{\"id\":\"" + MODEL + "\"}]}");
  }

  private void generate(HttpServerRequest request, String path, String text) {
    JsonObject body;
    try {
      body = new JsonObject(text);
    } catch (DecodeException e) {
      json(request.response(), has("bad-request") ? 500 : 400, error("The body is no JSON."));
      return;
    }
    boolean chat = path.startsWith("/chat");
    if (body.getValue("temperature") instanceof String words) {
      json(request.response(), 400, error(has("error-words") ? words : "temperature: a number"));
    } else if (has("early-head") && body.getInteger("max_tokens", 0) > 200) {
      // The head never comes.
      answers.incrementAndGet();
    } else if (has("pocket-headers") && "pokt1a".equals(request.getHeader("Pocket-Supplier"))) {
      json(request.response(), 403, error("no"));
    } else if (has("task") && body.containsKey("max_completion_tokens")) {
      json(request.response(), 400, error("At most 2048 tokens."));
    } else if (body.getBoolean("stream", false)) {
      stream(request.response());
    } else {
      whole(request.response(), chat, body);
    }
  }

  private void whole(HttpServerResponse response, boolean chat, JsonObject body) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    boolean named = !(has("public-name") && chat);
    answer.put("id", "x").put("object", "x").put("model", named ? MODEL : "org/model");
    answer.putObject("usage").put("completion_tokens", 4);
    if (!has("first-bytes")) {
      answer.put("padding", " ".repeat(FirstBytes.JUDGED));
    }
    ObjectNode choice = answer.putArray("choices").addObject().put("index", 0);
    if (chat) {
      ObjectNode message = choice.putObject("message").put("role", "assistant");
      message.put("content", "yes");
      if (has("null-members")) {
        message.putNull("tool_calls");
      }
    } else {
      boolean textless = has("identity") && body.getInteger("seed", 0) > 0;
      choice.put("text", textless ? null : text());
    }
    if (body.getValue("prompt") instanceof JsonArray prompt && body.containsKey("logprobs")) {
      ObjectNode logprobs = choice.putObject("logprobs");
      for (int i = 0; i < prompt.size() - (has("scoring") ? 1 : 0); i++) {
        logprobs.withArray("/token_logprobs").add(-1.5);
        logprobs.withArray("/top_logprobs").addObject();
      }
    }
    if (has("whole-answer") && body.getInteger("max_tokens", 0) > 200) {
      json(response, 200, " {\"error\":{\"message\":\"it failed\"}}");
      return;
    }
    String type = has("answer-type") ? "text/plain" : "application/json";
    response.putHeader("Content-Type", type).end(answer.toString());
  }

  private String text() {
    int number = answers.incrementAndGet();
    return has("reproducible") ? "text " + number : "text";
  }

  private void stream(HttpServerResponse response) {
    response.putHeader("Content-Type", has("stream-type") ? "text/plain" : EVENT_STREAM);
    StringBuilder events = new StringBuilder();
    for (int i = 0; i < 16; i++) {
      events.append("data: ").append(chunk(i)).append("\n\n");
    }
    events.append(
        has("stream-events") ? "data: {\"model\":\"pocket_network\"}\n\n" : "data: [DONE]\n\n");
    if (has("stream-flushed")) {
      response.end(events.toString());
      return;
    }
    response.setChunked(true);
    response.write(events.substring(0, 20));
    vertx.setTimer(50, timer -> response.end(events.substring(20)));
  }

  private String chunk(int number) {
    String words = has("stream-lines") && number == 3 ? "x".repeat(300_000) : "word ";
    return "{\"model\":\""
        + MODEL
        + "\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
        + words
        + "\"}}]}";
  }

  private ObjectNode tokenizer() {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.putObject("tokenizer").put("é", 1.0);
    ObjectNode config = object.putObject("tokenizer_config");
    if (has("tokenizer")) {
      config.put("model_max_length", 2048);
    } else {
      config.put("model_max_length", "2048");
    }
    object.putObject("special_tokens_map");
    return object;
  }

  private ObjectNode config() {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.putObject("config").put("_name_or_path", has("config") ? "org/model" : "Unknown");
    return object;
  }

  private static void hash(HttpServerRequest request, ObjectNode object, boolean wrong) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    answer.put("hash", wrong ? "00" : PythonJson.sha256(object));
    json(request.response(), 200, answer.toString());
  }

  private static String error(String message) {
    ObjectNode error = JsonNodeFactory.instance.objectNode();
    error.putObject("error").put("message", message);
    return error.toString();
  }

  private static void json(HttpServerResponse response, int status, String body) {
    response.setStatusCode(status).putHeader("Content-Type", "application/json").end(body);
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
