package dev.quern.supplier.attest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A server whose model is in question; Quern, vLLM or one that has vLLM's prompt_logprobs. */
public final class Endpoint implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final URI base;
  private final String model;
  private final Optional<String> key;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();

  /**
   * @param model the public name
   * @param key a bearer token
   */
  public Endpoint(URI base, String model, Optional<String> key) {
    this.base = base;
    this.model = model;
    this.key = key;
  }

  /** What the server states of the model; nothing is checked. */
  public Attestation attestation() {
    String name = URLEncoder.encode(model, StandardCharsets.UTF_8).replace("+", "%20");
    return Attestation.read(send(request("/v1/models/" + name + "/attestation").GET().build()));
  }

  /**
   * How the server scores each token of a prompt but the first.
   *
   * @throws QuernException UNAVAILABLE when it does not answer, or not in this form
   */
  List<TokenScore> score(int[] prompt) {
    ObjectNode body = JSON.createObjectNode().put("model", model).put("max_tokens", 1);
    body.put("temperature", 0).put("prompt_logprobs", 1);
    ArrayNode ids = body.putArray("prompt");
    for (int id : prompt) {
      ids.add(id);
    }
    String answer =
        send(
            request("/v1/completions")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build());
    JsonNode json;
    try {
      json = JSON.readTree(answer);
    } catch (JsonProcessingException e) {
      throw unusable("the answer is no JSON", e);
    }
    JsonNode scored =
        json.has("prompt_logprobs")
            ? json.path("prompt_logprobs")
            : json.at("/choices/0/prompt_logprobs");
    if (scored.size() != prompt.length) {
      throw unusable(
          "the answer has prompt_logprobs for "
              + scored.size()
              + " of "
              + prompt.length
              + " tokens",
          null);
    }
    List<TokenScore> scores = new ArrayList<>();
    for (int i = 1; i < prompt.length; i++) {
      scores.add(score(scored.path(i), prompt[i]));
    }
    return scores;
  }

  private TokenScore score(JsonNode candidates, int token) {
    JsonNode own = candidates.path(Integer.toString(token)).path("logprob");
    if (!own.isNumber()) {
      throw unusable("a token of the prompt has no log-probability", null);
    }
    int likeliest = token;
    double best = own.asDouble();
    for (Map.Entry<String, JsonNode> candidate : candidates.properties()) {
      double logprob = candidate.getValue().path("logprob").asDouble(Double.NEGATIVE_INFINITY);
      if (logprob > best) {
        best = logprob;
        likeliest = id(candidate.getKey());
      }
    }
    return new TokenScore(own.asDouble(), likeliest);
  }

  private int id(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw unusable("prompt_logprobs names tokens by something else than their ids", e);
    }
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).timeout(PATIENCE);
    key.ifPresent(token -> request.header("Authorization", "Bearer " + token));
    return request;
  }

  private String send(HttpRequest request) {
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        String body = answer.body();
        throw unusable(
            request.uri().getPath()
                + " was answered "
                + answer.statusCode()
                + ": "
                + body.substring(0, Math.min(200, body.length())),
            null);
      }
      return answer.body();
    } catch (IOException e) {
      throw unusable("no connection: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unusable("interrupted", e);
    }
  }

  private QuernException unusable(String what, @org.jspecify.annotations.Nullable Exception cause) {
    return new QuernException(ErrorCategory.UNAVAILABLE, base + ": " + what, cause);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
