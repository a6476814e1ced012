package dev.quern.supplier.cli.terminal;

/** Text in the columns of a terminal. */
public final class Columns {
  private static final String CUT = "...";

  private Columns() {}

  /**
   * Text from a download as one line that a terminal takes for letters alone: what would move the
   * cursor, change the direction of writing or take no column becomes a question mark.
   */
  public static String printable(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints().map(letter -> isLetter(letter) ? letter : '?').forEach(line::appendCodePoint);
    return line.toString();
  }

  /** Columns that printable text takes. */
  static int width(String text) {
    return text.codePoints().map(Columns::width).sum();
  }

  /** Exactly {@code columns} wide: filled with spaces, or its middle left out. */
  static String fitted(String text, int columns) {
    int width = width(text);
    if (width <= columns) {
      return text + " ".repeat(columns - width);
    }
    if (columns <= CUT.length()) {
      return ".".repeat(Math.max(0, columns));
    }
    // The end of a name tells shards and formats apart, so it keeps more.
    int head = (columns - CUT.length()) / 3;
    String start = start(text, head);
    String end = end(text, columns - CUT.length() - head);
    String cut = start + CUT + end;
    return cut + " ".repeat(columns - width(cut));
  }

  private static String start(String text, int columns) {
    StringBuilder start = new StringBuilder();
    int used = 0;
    for (int letter : text.codePoints().toArray()) {
      used += width(letter);
      if (used > columns) {
        break;
      }
      start.appendCodePoint(letter);
    }
    return start.toString();
  }

  private static String end(String text, int columns) {
    String backwards = new StringBuilder(text).reverse().toString();
    return new StringBuilder(start(backwards, columns)).reverse().toString();
  }

  private static boolean isLetter(int letter) {
    return switch (Character.getType(letter)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  /** East Asian letters and symbols are two columns wide. */
  private static int width(int letter) {
    boolean wide =
        (letter >= 0x1100 && letter <= 0x115F)
            || (letter >= 0x2E80 && letter <= 0xA4CF)
            || (letter >= 0xAC00 && letter <= 0xD7A3)
            || (letter >= 0xF900 && letter <= 0xFAFF)
            || (letter >= 0xFE30 && letter <= 0xFE6F)
            || (letter >= 0xFF00 && letter <= 0xFF60)
            || (letter >= 0xFFE0 && letter <= 0xFFE6)
            || (letter >= 0x1F300 && letter <= 0x1FAFF)
            || (letter >= 0x20000 && letter <= 0x3FFFD);
    return wide ? 2 : 1;
  }
}
