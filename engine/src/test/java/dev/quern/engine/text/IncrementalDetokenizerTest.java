package dev.quern.engine.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class IncrementalDetokenizerTest {
  static final List<String> NAMES = TestTokenizers.NAMES;

  private static List<FastTokenizer> tokenizers = List.of();

  @BeforeAll
  @BeforeContainer
  static void load() {
    tokenizers = NAMES.stream().map(TestTokenizers::load).toList();
  }

  @AfterAll
  @AfterContainer
  static void close() {
    tokenizers.forEach(FastTokenizer::close);
  }

  private static FastTokenizer tokenizer(String name) {
    return tokenizers.get(NAMES.indexOf(name));
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void goldensComeOutWhole(String name) throws IOException {
    for (TestTokenizers.Golden golden : TestTokenizers.goldens(name)) {
      assertEquals(golden.decoded(), String.join("", pieces(tokenizer(name), golden.ids(), false)));
      assertEquals(golden.skipping(), String.join("", pieces(tokenizer(name), golden.ids(), true)));
    }
  }

  @Property(tries = 1000)
  void allPiecesTogetherAreTheDecodedSequence(@ForAll("texts") String text) {
    for (FastTokenizer tokenizer : tokenizers) {
      int[] ids = tokenizer.encode(text, true);
      for (boolean skip : new boolean[] {false, true}) {
        assertEquals(tokenizer.decode(ids, skip), String.join("", pieces(tokenizer, ids, skip)));
      }
    }
  }

  @Property(tries = 1000)
  void noPieceEndsInsideACodePointAnEmojiAFlagOrASyllable(@ForAll("texts") String text) {
    for (FastTokenizer tokenizer : tokenizers) {
      int[] ids = tokenizer.encode(text, false);
      String whole = tokenizer.decode(ids, false);
      BreakIterator clusters = BreakIterator.getCharacterInstance(Locale.ROOT);
      clusters.setText(whole);
      int at = 0;
      for (String piece : pieces(tokenizer, ids, false)) {
        at += piece.length();
        assertTrue(
            at == whole.length()
                || clusters.isBoundary(at)
                || mayBeSplit(whole, clusters.preceding(at), at),
            () -> "split in " + escaped(whole));
      }
    }
  }

  /** A mark after a letter of a script that seldom has one; see {@link GraphemeTail}. */
  private static boolean mayBeSplit(String whole, int clusterStart, int at) {
    int first = whole.codePointAt(clusterStart);
    int before = whole.codePointBefore(at);
    boolean emoji = Character.isExtendedPictographic(first);
    boolean flag =
        isRegional(first)
            && (at == clusterStart + 2 || !isRegional(whole.codePointAt(clusterStart + 2)));
    boolean syllable =
        (first >= 0x0900
                && first <= 0x0EFF
                // A danda bears no signs.
                && Character.UnicodeScript.of(first) != Character.UnicodeScript.COMMON)
            || (before >= 0x1100 && before <= 0x11FF);
    boolean joined = before >= 0x300 && (before == 0x200D || before == 0xFE0F);
    boolean codePoint = Character.isLowSurrogate(whole.charAt(at));
    return !emoji && !flag && !syllable && !joined && !codePoint;
  }

  private static boolean isRegional(int codePoint) {
    return codePoint >= 0x1F1E6 && codePoint <= 0x1F1FF;
  }

  @Property(tries = 1000)
  void continuesAPrompt(@ForAll("texts") String prompt, @ForAll("texts") String text) {
    for (FastTokenizer tokenizer : tokenizers) {
      int[] promptIds = tokenizer.encode(prompt, true);
      int[] all = tokenizer.encode(prompt + text, true);
      int cut = Math.min(promptIds.length, all.length);
      int[] before = Arrays.copyOf(all, cut);
      String given = tokenizer.decode(before, false);
      String whole = tokenizer.decode(all, false);
      if (given.endsWith("\uFFFD") || !whole.startsWith(given)) {
        continue; // The cut is inside a code point.
      }
      IncrementalDetokenizer detokenizer = IncrementalDetokenizer.after(before, tokenizer, false);
      StringBuilder rest = new StringBuilder();
      for (int i = cut; i < all.length; i++) {
        rest.append(detokenizer.append(all[i]));
      }
      rest.append(detokenizer.finish());
      assertEquals(
          whole.substring(given.length()), rest.toString(), () -> escaped(prompt + "|" + text));
    }
  }

  @Property(tries = 1000)
  void anyTokensGiveSomeText(@ForAll("tokens") List<Integer> tokens) {
    for (FastTokenizer tokenizer : tokenizers) {
      int[] ids = tokens.stream().mapToInt(i -> i % tokenizer.vocabularySize()).toArray();
      String text = String.join("", pieces(tokenizer, ids, false));
      String decoded = tokenizer.decode(ids, false);
      if (tokenizer == tokenizer("byte-fallback-bpe")) {
        // A bad byte spoils the whole run of byte tokens, also what was given out before it came.
        assertTrue(isSubsequence(decoded.replace("\uFFFD", ""), text));
      } else {
        assertEquals(decoded, text);
      }
    }
  }

  /** A byte that is none spoils what was given out before it, but not what comes after. */
  @Test
  void aBadByteHoldsUpNoMoreThanACodePoint() {
    FastTokenizer tokenizer = tokenizer("byte-fallback-bpe");
    int zero = 3; // <0x00>
    int bad = zero + 0x80;
    int unknown = 0;
    int[] words = {zero, bad, unknown, unknown, unknown, unknown, unknown};
    List<String> pieces = pieces(tokenizer, words, false);
    assertEquals("\u0000", pieces.getFirst());
    assertEquals("\uFFFD<unk><unk><unk>", String.join("", pieces.subList(1, 5)));
    assertEquals("<unk><unk>", String.join("", pieces.subList(5, pieces.size())));
    // The code point whose bytes come when the bad one is given up.
    int[] codePoint = {zero, bad, unknown, zero + 0xC2, bad, zero};
    assertEquals(
        "\u0000\uFFFD<unk>\u0080\u0000", String.join("", pieces(tokenizer, codePoint, false)));
  }

  private static boolean isSubsequence(String part, String whole) {
    int at = 0;
    for (int i = 0; i < whole.length() && at < part.length(); i++) {
      if (whole.charAt(i) == part.charAt(at)) {
        at++;
      }
    }
    return at == part.length();
  }

  @Test
  void plainTextIsNotDelayed() {
    FastTokenizer tokenizer = tokenizer("byte-level-bpe");
    int[] ids = tokenizer.encode("The quick brown fox, 42 times: na\u00efve", false);
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(tokenizer, false);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < ids.length; i++) {
      text.append(detokenizer.append(ids[i]));
      String decoded = tokenizer.decode(Arrays.copyOf(ids, i + 1), false);
      if (!decoded.endsWith("\uFFFD")) {
        assertEquals(decoded, text.toString());
      }
    }
  }

  @Test
  void aFamilyComesInOnePiece() {
    String family = "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67\u200D\uD83D\uDC66";
    for (String name : List.of("byte-level-bpe", "byte-fallback-bpe")) {
      FastTokenizer tokenizer = tokenizer(name);
      List<String> pieces = pieces(tokenizer, tokenizer.encode(family + "!", false), false);
      assertEquals(List.of(family + "!"), pieces.stream().filter(p -> !p.isEmpty()).toList());
    }
  }

  @Test
  void aPromptThatEndsInsideACodePointIsContinued() {
    for (String name : List.of("byte-level-bpe", "byte-fallback-bpe")) {
      FastTokenizer tokenizer = tokenizer(name);
      // Cuneiform, which neither vocabulary has more than bytes for.
      int[] all = tokenizer.encode("so \uD808\uDC01\uD808\uDC02 on", false);
      for (int cut = 1; cut < all.length; cut++) {
        int[] prompt = Arrays.copyOf(all, cut);
        IncrementalDetokenizer detokenizer = IncrementalDetokenizer.after(prompt, tokenizer, false);
        StringBuilder rest = new StringBuilder();
        for (int i = cut; i < all.length; i++) {
          rest.append(detokenizer.append(all[i]));
        }
        rest.append(detokenizer.finish());
        assertTrue(rest.indexOf("\uFFFD") < 0, rest.toString());
        String whole = tokenizer.decode(all, false);
        assertTrue(whole.endsWith(rest.toString()), rest.toString());
        String given = tokenizer.decode(prompt, false);
        if (!given.endsWith("\uFFFD")) {
          assertEquals(whole, given + rest);
        }
      }
    }
  }

  @Test
  void workPerTokenDoesNotGrowWithTheSequence() {
    List<String> texts =
        List.of(
            "word ".repeat(2000),
            "\uD83D\uDE00".repeat(2000),
            "\uD83C\uDDE9\uD83C\uDDEA".repeat(1000),
            "\u0928\u092E\u0938\u094D\u0924\u0947".repeat(500),
            "\uFFFD".repeat(2000),
            "x".repeat(5000),
            "\u4F60\u597D".repeat(1000));
    for (FastTokenizer tokenizer : tokenizers) {
      for (String text : texts) {
        int[] ids = tokenizer.encode(text, false);
        CountingTokenizer counting = new CountingTokenizer(tokenizer);
        String whole = String.join("", pieces(counting, ids, false));
        assertEquals(tokenizer.decode(ids, false), whole);
        assertTrue(
            counting.decoded < 120L * ids.length + 1000,
            () -> counting.decoded + " tokens decoded for " + ids.length);
      }
    }
  }

  private static List<String> pieces(Tokenizer tokenizer, int[] ids, boolean skipSpecialTokens) {
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(tokenizer, skipSpecialTokens);
    List<String> pieces = new ArrayList<>();
    for (int id : ids) {
      pieces.add(detokenizer.append(id));
    }
    pieces.add(detokenizer.finish());
    return pieces;
  }

  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    text.chars().forEach(c -> escaped.append(String.format(Locale.ROOT, "\\u%04X", c)));
    return escaped.toString();
  }

  @Provide
  Arbitrary<String> texts() {
    Arbitrary<Integer> any =
        Arbitraries.integers()
            .between(0, Character.MAX_CODE_POINT)
            .filter(c -> c > 0xFFFF || !Character.isSurrogate((char) (int) c));
    Arbitrary<String> point = any.map(Character::toString);
    Arbitrary<String> emoji =
        Arbitraries.of(
            "\uD83D\uDE00",
            "\uD83D\uDC68",
            "\uD83C\uDFFD",
            "\u200D",
            "\uFE0F",
            "\u2764",
            "\uD83C\uDDE9",
            "\uD83C\uDDEA",
            "\uFFFD",
            "\uDB40\uDC67",
            "\uDB40\uDC7F",
            "1",
            "\u20E3");
    Arbitrary<String> scripts =
        Arbitraries.of(
            "\u0928", "\u093F", "\u094D", "\u0E2A", "\u0E31", "\u0301", "e", "\u1112", "\u1161",
            "\u11AB", "\u4F60", "\uAC00", "\u05E9", "\u05C1");
    Arbitrary<String> words =
        Arbitraries.of(" ", "  ", " the", "Hello", "'s", ".", "\n", "\u2581", "##ing", "<s>", "a");
    return Arbitraries.oneOf(point, emoji, emoji, scripts, words, words)
        .list()
        .ofMaxSize(40)
        .map(parts -> String.join("", parts));
  }

  @Provide
  Arbitrary<List<Integer>> tokens() {
    return Arbitraries.integers().between(0, 700).list().ofMaxSize(300);
  }

  /** Counts the tokens that are decoded. */
  private static final class CountingTokenizer implements Tokenizer {
    private final Tokenizer tokenizer;
    long decoded;

    CountingTokenizer(Tokenizer tokenizer) {
      this.tokenizer = tokenizer;
    }

    @Override
    public int[] encode(String text, boolean addSpecialTokens) {
      return tokenizer.encode(text, addSpecialTokens);
    }

    @Override
    public EncodedText encodeText(String text) {
      return tokenizer.encodeText(text);
    }

    @Override
    public EncodedText encodePair(String first, String second) {
      return tokenizer.encodePair(first, second);
    }

    @Override
    public String decode(int[] ids, boolean skipSpecialTokens) {
      decoded += ids.length;
      return tokenizer.decode(ids, skipSpecialTokens);
    }

    @Override
    public String tokenText(int id) {
      return tokenizer.tokenText(id);
    }

    @Override
    public OptionalInt tokenId(String tokenText) {
      return tokenizer.tokenId(tokenText);
    }

    @Override
    public Set<Integer> specialTokens() {
      return tokenizer.specialTokens();
    }

    @Override
    public int vocabularySize() {
      return tokenizer.vocabularySize();
    }

    @Override
    public void close() {}
  }
}
