package dev.quern.engine.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** Texts and pairs for encoders, cut as the Rust library cuts them. */
class EncodedTextTest {
  private static final String NAME = "wordpiece-pair";

  @Test
  void isCutAsTheReferenceLibraryCuts() throws IOException {
    JsonNode goldens =
        new ObjectMapper()
            .readTree(Files.readString(TestTokenizers.folder(NAME).resolve("truncation.json")));
    assertTrue(goldens.size() > 300);
    try (FastTokenizer tokenizer = TestTokenizers.load(NAME)) {
      for (JsonNode golden : goldens) {
        EncodedText whole = encode(tokenizer, golden);
        EncodedText.Side cut =
            golden.path("side").asText().equals("left")
                ? EncodedText.Side.START
                : EncodedText.Side.END;
        EncodedText kept = whole.truncated(golden.path("room").asInt(), cut);
        assertArrayEquals(ints(golden.path("ids")), kept.ids(), golden.toString());
        assertArrayEquals(ints(golden.path("type_ids")), kept.typeIds(), golden.toString());
      }
    }
  }

  @Test
  void theTemplateIsNeverCut() {
    try (FastTokenizer tokenizer = TestTokenizers.load(NAME)) {
      EncodedText pair = tokenizer.encodePair("one text", "and another");
      assertEquals(3, pair.truncated(1, EncodedText.Side.END).length());
      assertSame(pair, pair.truncated(pair.length(), EncodedText.Side.END));
    }
  }

  private static EncodedText encode(FastTokenizer tokenizer, JsonNode golden) {
    String first = golden.path("first").textValue();
    return golden.path("second").isNull()
        ? tokenizer.encodeText(first)
        : tokenizer.encodePair(first, golden.path("second").textValue());
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.path(i).intValue();
    }
    return ints;
  }
}
