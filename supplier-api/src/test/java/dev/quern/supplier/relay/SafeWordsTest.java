package dev.quern.supplier.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SafeWordsTest {
  @Test
  void ordinaryMessagesStay() {
    String message = "The field 'max_tokens' must be at least 0.";
    assertEquals(message, SafeWords.of(message));
  }

  @Test
  void aCallersOwnWordsAreNotRepeatedWhenGatewaysCountThem() {
    for (String word :
        new String[] {"Supplier", "x-Rate-Limit", "CERTIFICATE", "Throttled", "forbidden"}) {
      String message = "The field '" + word + "' is unknown.";
      assertFalse(SafeWords.safe(message), word);
      assertTrue(SafeWords.safe(SafeWords.of(message)), word);
    }
  }

  @Test
  void longMessagesAreCut() {
    assertTrue(SafeWords.of("word ".repeat(1000)).length() < 300);
  }
}
