package dev.quern.engine.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Cases that the property tests of {@link IncrementalDetokenizer} once found. */
class GraphemeTailTest {
  private final GraphemeTail tail = new GraphemeTail();

  @Test
  void aCopyrightSignMayBeginAnEmoji() {
    assertEquals(1, tail.certain("a\u00A9"));
    assertEquals(1, tail.certain("a\u00A9\u200D"));
    assertEquals(1, tail.certain("a\u00A9\u200D\uD83D\uDE00"));
    assertEquals(4, tail.certain("a\u00A9 b"));
  }

  @Test
  void aSignApartFromItsLetterMayTakeAnother() {
    assertEquals(1, tail.certain("a\uFFFD"));
    assertEquals(0, tail.certain("\u0951"));
    assertEquals(0, tail.certain("\u0951\uD83C\uDFFD"));
  }

  @Test
  void latinTextIsCertainAtOnce() {
    assertEquals(5, tail.certain("caf\u00E9!"));
  }
}
