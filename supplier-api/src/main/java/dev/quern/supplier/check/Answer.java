package dev.quern.supplier.check;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * What came back.
 *
 * @param untilHead from the request to status and headers
 * @param arrivals in how many pieces the body came off the connection
 */
record Answer(int status, HttpHeaders headers, byte[] body, Duration untilHead, int arrivals) {
  private static final JsonMapper JSON =
      JsonMapper.builder(new JsonFactory())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final int SHOWN = 120;

  String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  String header(String name) {
    return headers.firstValue(name).orElse("");
  }

  /** This answer, if it has the status 200. */
  Answer ok(String what) throws CheckFailure {
    CheckFailure.unless(status == 200, what + " was answered " + status + ": " + shown());
    return this;
  }

  /** The JSON of the whole body. */
  JsonNode json(String what) throws CheckFailure {
    try {
      JsonNode json = JSON.readTree(body);
      CheckFailure.unless(json.isContainerNode(), what + " is no JSON object: " + shown());
      return json;
    } catch (IOException e) {
      throw new CheckFailure(what + " is no JSON: " + shown());
    }
  }

  /** Its beginning, for a person. */
  String shown() {
    String line = text().strip().replaceAll("\\s+", " ");
    return line.isEmpty()
        ? "nothing"
        : line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
  }
}
