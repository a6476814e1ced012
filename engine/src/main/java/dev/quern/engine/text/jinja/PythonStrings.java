package dev.quern.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Python's string operations, which differ from Java's in what white space and lines are. */
final class PythonStrings {
  private PythonStrings() {}

  static boolean isSpace(int c) {
    return c == ' '
        || (c >= '\t' && c <= '\r')
        || (c >= 0x1c && c <= 0x1f)
        || (c >= 0x80 && isUnicodeSpace(c));
  }

  private static boolean isUnicodeSpace(int c) {
    return c == 0x85 || Character.isSpaceChar(c);
  }

  private static boolean isLineEnd(char c) {
    return (c >= '\n' && c <= '\r')
        || (c >= 0x1c && c <= 0x1e)
        || c == 0x85
        || c == 0x2028
        || c == 0x2029;
  }

  static boolean isPrintable(int c) {
    if (c < 0x7f) {
      return c >= ' ';
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /** Strips characters (null: white space) from the chosen ends. */
  static String strip(String text, @Nullable String characters, boolean left, boolean right) {
    IntPredicate drop =
        characters == null ? PythonStrings::isSpace : c -> characters.indexOf(c) >= 0;
    int start = 0;
    int end = text.length();
    while (left && start < end && drop.test(text.codePointAt(start))) {
      start += Character.charCount(text.codePointAt(start));
    }
    while (right && end > start && drop.test(text.codePointBefore(end))) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(start, end);
  }

  /** At most {@code limit} splits (negative: all) at runs of white space. */
  static List<String> splitWords(String text, int limit) {
    List<String> words = new ArrayList<>();
    int at = skip(text, 0, true);
    while (at < text.length()) {
      if (words.size() == limit) {
        words.add(text.substring(at));
        return words;
      }
      int end = skip(text, at, false);
      words.add(text.substring(at, end));
      at = skip(text, end, true);
    }
    return words;
  }

  private static int skip(String text, int from, boolean space) {
    int at = from;
    while (at < text.length() && isSpace(text.charAt(at)) == space) {
      at++;
    }
    return at;
  }

  static List<String> splitWordsFromRight(String text, int limit) {
    List<String> words = new ArrayList<>();
    int end = skipBack(text, text.length(), true);
    while (end > 0) {
      if (words.size() == limit) {
        words.add(text.substring(0, end));
        break;
      }
      int start = skipBack(text, end, false);
      words.add(text.substring(start, end));
      end = skipBack(text, start, true);
    }
    return words.reversed();
  }

  private static int skipBack(String text, int from, boolean space) {
    int at = from;
    while (at > 0 && isSpace(text.charAt(at - 1)) == space) {
      at--;
    }
    return at;
  }

  static List<String> split(String text, String separator, int limit) {
    requireSeparator(separator);
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(separator);
        at >= 0 && parts.size() != limit;
        at = text.indexOf(separator, from)) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  static List<String> splitFromRight(String text, String separator, int limit) {
    requireSeparator(separator);
    List<String> parts = new ArrayList<>();
    int end = text.length();
    while (parts.size() != limit && end >= separator.length()) {
      int at = text.lastIndexOf(separator, end - separator.length());
      if (at < 0) {
        break;
      }
      parts.add(text.substring(at + separator.length(), end));
      end = at;
    }
    parts.add(text.substring(0, end));
    return parts.reversed();
  }

  static void requireSeparator(String separator) {
    if (separator.isEmpty()) {
      throw new EvaluationError("empty separator");
    }
  }

  static List<String> splitLines(String text, boolean keepEnds) {
    List<String> lines = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      int end = from;
      while (end < text.length() && !isLineEnd(text.charAt(end))) {
        end++;
      }
      int next = end;
      if (next < text.length()) {
        next += text.startsWith("\r\n", next) ? 2 : 1;
      }
      lines.add(text.substring(from, keepEnds ? next : end));
      from = next;
    }
    return lines;
  }

  static String replace(String text, String old, String by, int limit, Budget budget) {
    int count = count(text, old);
    int times = limit < 0 ? count : Math.min(limit, count);
    budget.allocate(text.length() + (long) times * Math.max(0, by.length() - old.length()));
    if (times == count && !old.isEmpty()) {
      return text.replace(old, by);
    }
    return old.isEmpty() ? interleave(text, by, times) : replaceSome(text, old, by, times);
  }

  private static String replaceSome(String text, String old, String by, int times) {
    StringBuilder result = new StringBuilder();
    int from = 0;
    for (int i = 0; i < times; i++) {
      int at = text.indexOf(old, from);
      result.append(text, from, at).append(by);
      from = at + old.length();
    }
    return result.append(text, from, text.length()).toString();
  }

  private static String interleave(String text, String by, int times) {
    StringBuilder result = new StringBuilder();
    int at = 0;
    for (int i = 0; i < times; i++) {
      result.append(by);
      if (at < text.length()) {
        int c = text.codePointAt(at);
        result.appendCodePoint(c);
        at += Character.charCount(c);
      }
    }
    return result.append(text, at, text.length()).toString();
  }

  /** How often {@code part} occurs without overlap. */
  static int count(String text, String part) {
    if (part.isEmpty()) {
      return text.codePointCount(0, text.length()) + 1;
    }
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = Character.charCount(text.codePointAt(0));
    return titleCase(text.substring(0, first)) + lower(text.substring(first));
  }

  private static String titleCase(String character) {
    int c = character.codePointAt(0);
    int title = Character.toTitleCase(c);
    if (title != c) {
      return Character.toString(title);
    }
    // A letter that becomes several, as the German sharp s, starts with a capital only.
    String upper = upper(character);
    return upper.length() > 1 && upper.length() > character.length()
        ? upper.charAt(0) + lower(upper.substring(1))
        : upper;
  }

  /** {@code str.title()}: each run of letters starts with a capital. */
  static String title(String text) {
    StringBuilder result = new StringBuilder();
    boolean inWord = false;
    for (int at = 0; at < text.length(); ) {
      int c = text.codePointAt(at);
      String character = Character.toString(c);
      result.append(inWord ? lower(character) : titleCase(character));
      inWord = isCased(c);
      at += Character.charCount(c);
    }
    return result.toString();
  }

  static String swapCase(String text) {
    StringBuilder result = new StringBuilder();
    text.codePoints()
        .mapToObj(
            c ->
                Character.isUpperCase(c)
                    ? lower(Character.toString(c))
                    : upper(Character.toString(c)))
        .forEach(result::append);
    return result.toString();
  }

  private static boolean isCased(int c) {
    return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
  }

  static boolean isLower(String text) {
    return text.codePoints().anyMatch(Character::isLowerCase)
        && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  static boolean isUpper(String text) {
    return text.codePoints().anyMatch(Character::isUpperCase)
        && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  static boolean isTitle(String text) {
    boolean inWord = false;
    boolean any = false;
    for (int c : text.codePoints().toArray()) {
      boolean capital = Character.isUpperCase(c) || Character.isTitleCase(c);
      if (capital ? inWord : Character.isLowerCase(c) && !inWord) {
        return false;
      }
      inWord = isCased(c);
      any |= inWord;
    }
    return any;
  }

  /** Whether the text is not empty and all its characters are of a kind. */
  static boolean all(String text, IntPredicate kind) {
    return !text.isEmpty() && text.codePoints().allMatch(kind);
  }

  static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }

  /** A decimal digit, or a superscript or circled one. */
  static boolean isDigit(int c) {
    int type = Character.getType(c);
    boolean other = type == Character.OTHER_NUMBER;
    return type == Character.DECIMAL_DIGIT_NUMBER
        || (other && (c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0x2070))
        || (other && ((c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089)))
        || (other && c >= 0x2460 && c <= 0x2468);
  }

  static boolean isIdentifier(String text) {
    if (text.isEmpty()) {
      return false;
    }
    int first = text.codePointAt(0);
    return (first == '_' || Character.isUnicodeIdentifierStart(first))
        && text.codePoints()
            .allMatch(
                c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }

  static String pad(
      String text, int width, String fill, boolean left, boolean right, Budget budget) {
    if (fill.codePointCount(0, fill.length()) != 1) {
      throw new EvaluationError("The fill character must be exactly one character long");
    }
    int missing = width - text.codePointCount(0, text.length());
    if (missing <= 0) {
      return text;
    }
    // Python puts the odd one of a centred text on the left for odd widths.
    int before = !left ? 0 : right ? missing / 2 + (missing & width & 1) : missing;
    budget.allocate((long) width * fill.length());
    return fill.repeat(before) + text + fill.repeat(missing - before);
  }

  static String zeroFill(String text, int width, Budget budget) {
    int missing = width - text.codePointCount(0, text.length());
    if (missing <= 0) {
      return text;
    }
    budget.allocate(width);
    boolean signed = text.startsWith("-") || text.startsWith("+");
    String sign = signed ? text.substring(0, 1) : "";
    return sign + "0".repeat(missing) + text.substring(sign.length());
  }

  static String expandTabs(String text, int size, Budget budget) {
    StringBuilder result = new StringBuilder();
    int column = 0;
    for (int c : text.codePoints().toArray()) {
      if (c == '\t') {
        int spaces = size <= 0 ? 0 : size - column % size;
        budget.allocate(spaces);
        result.repeat(' ', spaces);
        column += spaces;
      } else {
        result.appendCodePoint(c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
    }
    return result.toString();
  }
}
