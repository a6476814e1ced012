package dev.quern.supplier.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;

class PathSafeRendererTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Property(tries = 300)
  void paddingMovesTheWordsAndNothingElse(
      @ForAll @StringLength(max = 700) String id, @ForAll @StringLength(max = 80) String text)
      throws IOException {
    ObjectNode answer = JSON.createObjectNode();
    answer.put("id", id + "\"choices\":[");
    answer.putObject("usage").put("prompt_tokens", 3);
    answer.putArray("prompt_logprobs").addNull();
    answer.putArray("choices").addObject().put("text", text + "\"choices\":[");
    byte[] plain = JSON.writeValueAsBytes(answer);
    byte[] padded = PathSafeRenderer.padded(plain);
    JsonNode read = JSON.readTree(padded);
    assertEquals(JSON.readTree(plain), read);
    assertTrue(indexOf(padded, "\"prompt_logprobs\":[") >= PathSafeRenderer.JUDGED);
    assertTrue(indexOf(padded, "\"choices\":[{") >= PathSafeRenderer.JUDGED);
  }

  @Property(tries = 20)
  void whatHoldsNoWordsStays(@ForAll @StringLength(max = 20) String text) throws IOException {
    byte[] plain = JSON.writeValueAsBytes(JSON.createObjectNode().put("text", text));
    assertEquals(
        new String(plain, StandardCharsets.UTF_8),
        new String(PathSafeRenderer.padded(plain), StandardCharsets.UTF_8));
  }

  private static int indexOf(byte[] json, String member) {
    return new String(json, StandardCharsets.ISO_8859_1).indexOf(member);
  }
}
