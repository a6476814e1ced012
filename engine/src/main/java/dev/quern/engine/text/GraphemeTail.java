package dev.quern.engine.text;

import java.text.BreakIterator;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * Decides how much of a growing text is certain: what the next token might still change, or join to
 * the last grapheme cluster (Unicode UAX #29), is not.
 *
 * <p>In principle any letter may be followed by a combining mark, but waiting for that would delay
 * all text by a token. So the last cluster is held back only where a continuation is usual:
 *
 * <ul>
 *   <li>U+FFFD at the end, which stands for a byte sequence that is not complete;
 *   <li>an emoji (a modifier, variation selector, tag or zero-width joiner may follow), and any
 *       cluster that ends in a zero-width joiner or a variation selector;
 *   <li>a regional indicator without its mate, that is half of a flag;
 *   <li>scripts whose letters take signs as a rule (Indic scripts, Thai, Lao, Khmer, Myanmar,
 *       Tibetan), signs that came apart from their letter, and Hangul written in conjoining
 *       letters.
 * </ul>
 *
 * Never more than {@link #MAX_HELD} chars are held back. One thread at a time.
 */
final class GraphemeTail {
  /** Longer than any recommended emoji sequence, also when each of its bytes is a U+FFFD. */
  static final int MAX_HELD = 64;

  private static final char REPLACEMENT = '\uFFFD';
  private static final int ZERO_WIDTH_JOINER = 0x200D;
  private static final int FIRST_COMBINING = 0x300;
  private static final int FIRST_REGIONAL = 0x1F1E6;
  private static final int LAST_REGIONAL = 0x1F1FF;
  private static final int FIRST_CONJOINING_HANGUL = 0x1100;
  private static final int LAST_CONJOINING_HANGUL = 0x11FF;

  private static final Set<Character.UnicodeScript> SIGN_BEARING_SCRIPTS =
      Collections.unmodifiableSet(
          EnumSet.of(
              Character.UnicodeScript.DEVANAGARI,
              Character.UnicodeScript.BENGALI,
              Character.UnicodeScript.GURMUKHI,
              Character.UnicodeScript.GUJARATI,
              Character.UnicodeScript.ORIYA,
              Character.UnicodeScript.TAMIL,
              Character.UnicodeScript.TELUGU,
              Character.UnicodeScript.KANNADA,
              Character.UnicodeScript.MALAYALAM,
              Character.UnicodeScript.SINHALA,
              Character.UnicodeScript.THAI,
              Character.UnicodeScript.LAO,
              Character.UnicodeScript.TIBETAN,
              Character.UnicodeScript.MYANMAR,
              Character.UnicodeScript.KHMER,
              Character.UnicodeScript.INHERITED));

  private final BreakIterator clusters = BreakIterator.getCharacterInstance(Locale.ROOT);

  /**
   * Number of chars of {@code text} that are certain.
   *
   * @param text begins where a grapheme cluster begins
   */
  int certain(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == REPLACEMENT) {
      end--;
    }
    int certain = lastClusterIsOpen(text, end) ? lastClusterStart(text, end) : end;
    if (text.length() - certain <= MAX_HELD) {
      return certain;
    }
    return end < text.length() ? text.length() - 1 : text.length();
  }

  private boolean lastClusterIsOpen(String text, int end) {
    if (end == 0 || isPlain(text.codePointBefore(end))) {
      return false;
    }
    int start = lastClusterStart(text, end);
    int first = text.codePointAt(start);
    int last = text.codePointBefore(end);
    if (isRegionalIndicator(first)) {
      int second = start + Character.charCount(first);
      return second == end || !isRegionalIndicator(text.codePointAt(second));
    }
    return Character.isExtendedPictographic(first)
        || last == ZERO_WIDTH_JOINER
        || isVariationSelector(last)
        || isConjoiningHangul(last)
        || SIGN_BEARING_SCRIPTS.contains(Character.UnicodeScript.of(first));
  }

  /**
   * Latin text, punctuation, digits; not the signs of copyright and trade marks, which are emoji.
   */
  private static boolean isPlain(int codePoint) {
    return codePoint < FIRST_COMBINING && !Character.isExtendedPictographic(codePoint);
  }

  private int lastClusterStart(String text, int end) {
    clusters.setText(text.substring(0, end));
    return clusters.preceding(end);
  }

  private static boolean isRegionalIndicator(int codePoint) {
    return codePoint >= FIRST_REGIONAL && codePoint <= LAST_REGIONAL;
  }

  private static boolean isVariationSelector(int codePoint) {
    return codePoint == 0xFE0E || codePoint == 0xFE0F;
  }

  private static boolean isConjoiningHangul(int codePoint) {
    return codePoint >= FIRST_CONJOINING_HANGUL && codePoint <= LAST_CONJOINING_HANGUL;
  }
}
