package dev.quern.bench.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sends one streamed completion of a token-id prompt and times its events. Events are stamped on
 * arrival and parsed after the stream has ended, so that parsing does not delay the next stamp.
 */
final class StreamingClient {
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private final HttpClient http;
  private final ObjectMapper json = new ObjectMapper();
  private final URI endpoint;
  private final String model;
  private final @Nullable String apiKey;

  StreamingClient(HttpClient http, URI server, String model, @Nullable String apiKey) {
    this.http = http;
    this.endpoint = server.resolve("/v1/completions");
    this.model = model;
    this.apiKey = apiKey;
  }

  RequestTrace send(int[] promptTokens, int maxTokens, long sentNanos) throws InterruptedException {
    try {
      HttpResponse<Stream<String>> response =
          http.send(request(promptTokens, maxTokens), HttpResponse.BodyHandlers.ofLines());
      try (Stream<String> lines = response.body()) {
        if (response.statusCode() != 200) {
          return RequestTrace.failed(sentNanos, "HTTP " + response.statusCode());
        }
        return trace(lines.iterator(), sentNanos);
      }
    } catch (IOException e) {
      return RequestTrace.failed(sentNanos, e.getClass().getSimpleName() + ": " + e.getMessage());
    }
  }

  private HttpRequest request(int[] promptTokens, int maxTokens) {
    ObjectNode body = json.createObjectNode();
    body.put("model", model);
    ArrayNode prompt = body.putArray("prompt");
    for (int token : promptTokens) {
      prompt.add(token);
    }
    body.put("max_tokens", maxTokens).put("temperature", 0).put("stream", true);
    body.put("ignore_eos", true);
    body.putObject("stream_options").put("include_usage", true);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
    if (apiKey != null) {
      request.header("Authorization", "Bearer " + apiKey);
    }
    return request.build();
  }

  private RequestTrace trace(Iterator<String> lines, long sentNanos) throws IOException {
    List<String> events = new ArrayList<>();
    List<Long> arrivals = new ArrayList<>();
    boolean done = false;
    while (lines.hasNext() && !done) {
      String line = lines.next();
      if (line.startsWith("data:")) {
        String data = line.substring("data:".length()).strip();
        done = data.equals("[DONE]");
        if (!done) {
          arrivals.add(System.nanoTime());
          events.add(data);
        }
      }
    }
    return done ? parse(events, arrivals, sentNanos) : RequestTrace.failed(sentNanos, "no [DONE]");
  }

  private RequestTrace parse(List<String> events, List<Long> arrivals, long sentNanos)
      throws IOException {
    List<Long> chunks = new ArrayList<>();
    int prompt = 0;
    int completion = -1;
    for (int i = 0; i < events.size(); i++) {
      JsonNode event = json.readTree(events.get(i));
      if (event.hasNonNull("error")) {
        return RequestTrace.failed(
            sentNanos, event.get("error").path("message").asText("error event"));
      }
      if (!event.path("choices").path(0).path("text").asText("").isEmpty()) {
        chunks.add(arrivals.get(i));
      }
      if (event.hasNonNull("usage")) {
        prompt = event.get("usage").path("prompt_tokens").asInt();
        completion = event.get("usage").path("completion_tokens").asInt();
      }
    }
    long[] stamps = chunks.stream().mapToLong(Long::longValue).toArray();
    return new RequestTrace(
        sentNanos,
        stamps,
        System.nanoTime(),
        prompt,
        completion < 0 ? stamps.length : completion,
        null);
  }
}
