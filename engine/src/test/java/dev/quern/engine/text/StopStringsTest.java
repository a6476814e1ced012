package dev.quern.engine.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  @Test
  void findsAStopStringAcrossPieces() {
    StopStrings.Matcher matcher = StopStrings.of(List.of("</end>"), false).matcher();
    assertEquals("Hi ", matcher.append("Hi <"));
    assertEquals("", matcher.append("/e"));
    assertEquals("</eat", matcher.append("at"));
    assertEquals("", matcher.append("</en"));
    assertFalse(matcher.stopped());
    assertEquals("", matcher.append("d> more"));
    assertTrue(matcher.stopped());
    assertEquals(Optional.of("</end>"), matcher.matched());
    assertEquals("", matcher.append("after"));
    assertEquals("", matcher.finish());
  }

  @Test
  void includesTheStopStringWhenAsked() {
    StopStrings.Matcher matcher = StopStrings.of(List.of("\n\n"), true).matcher();
    assertEquals("a", matcher.append("a\n"));
    assertEquals("\n\n", matcher.append("\nb"));
    assertTrue(matcher.stopped());
  }

  @Test
  void whatWasHeldBackComesAtTheEnd() {
    StopStrings.Matcher matcher = StopStrings.of(List.of("STOP"), false).matcher();
    assertEquals("x", matcher.append("xSTO"));
    assertEquals("STO", matcher.finish());
    assertFalse(matcher.stopped());
  }

  @Test
  void theMatchThatEndsFirstWinsAndOfThoseTheLongest() {
    StopStrings stops = StopStrings.of(List.of("abcd", "bc", "c", "zabc"), false);
    StopStrings.Matcher matcher = stops.matcher();
    assertEquals("xa", matcher.append("xabcd"));
    assertEquals(Optional.of("bc"), matcher.matched());
    assertEquals("", stops.matcher().append("zabcd"));
  }

  @Test
  void noStopStringsHoldNothingBack() {
    StopStrings.Matcher matcher = StopStrings.of(List.of(), false).matcher();
    assertEquals("anything", matcher.append("anything"));
    assertEquals("", matcher.finish());
  }

  @Test
  void refusesWhatCanNeverMatch() {
    QuernException empty =
        assertThrows(QuernException.class, () -> StopStrings.of(List.of("a", ""), false));
    assertEquals("stop", empty.field());
    assertThrows(QuernException.class, () -> StopStrings.of(List.of("\uDE00"), false));
  }

  @Test
  void aThousandLongStringsOfOneLetterWorkToo() {
    List<String> strings =
        IntStream.rangeClosed(1001, 2000).mapToObj(length -> "a".repeat(length)).toList();
    StopStrings.Matcher matcher = StopStrings.of(strings, false).matcher();
    assertEquals("", matcher.append("a".repeat(1000)));
    assertEquals("a".repeat(1000) + "b", matcher.append("b"));
    assertEquals("", matcher.append("a".repeat(1001)));
    assertTrue(matcher.stopped());
  }

  @Property(tries = 3000)
  void agreesWithANaiveSearchHoweverTheTextIsCut(
      @ForAll("stops") List<String> stops,
      @ForAll("pieces") List<String> pieces,
      @ForAll boolean include) {
    String text = String.join("", pieces);
    Optional<int[]> match = naive(stops, text);

    StopStrings.Matcher matcher = StopStrings.of(stops, include).matcher();
    StringBuilder output = new StringBuilder();
    StringBuilder seen = new StringBuilder();
    for (String piece : pieces) {
      output.append(matcher.append(piece));
      seen.append(piece);
      if (!matcher.stopped()) {
        int held = seen.length() - output.length();
        String suffix = seen.substring(output.length());
        assertTrue(held == 0 || stops.stream().anyMatch(stop -> stop.startsWith(suffix)));
      }
    }
    output.append(matcher.finish());

    assertEquals(match.isPresent(), matcher.stopped());
    String expected =
        match.map(range -> text.substring(0, include ? range[1] : range[0])).orElse(text);
    assertEquals(expected, output.toString());
    assertEquals(match.map(range -> text.substring(range[0], range[1])), matcher.matched());
  }

  /** Start and end of the match that ends first, of those the longest. */
  private static Optional<int[]> naive(List<String> stops, String text) {
    List<int[]> matches = new ArrayList<>();
    for (String stop : stops) {
      int at = text.indexOf(stop);
      if (at >= 0) {
        matches.add(new int[] {at, at + stop.length()});
      }
    }
    return matches.stream()
        .min(Comparator.<int[]>comparingInt(range -> range[1]).thenComparingInt(range -> range[0]));
  }

  @Provide
  Arbitrary<List<String>> stops() {
    return Arbitraries.strings().withChars("ab").ofMinLength(1).ofMaxLength(6).list().ofMaxSize(5);
  }

  @Provide
  Arbitrary<List<String>> pieces() {
    return Arbitraries.strings().withChars("abbc").ofMaxLength(5).list().ofMaxSize(12);
  }
}
