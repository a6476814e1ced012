package dev.quern.engine.text.jinja;

/**
 * Escapes in string literals: Python's "unicode-escape" codec, as Jinja applies it. A character
 * outside ASCII is first written as an escape itself, so a backslash in front of one escapes that.
 */
final class StringLiteral {
  private final String body;
  private final int line;
  private final StringBuilder text = new StringBuilder();
  private int at;

  private StringLiteral(String body, int line) {
    this.body = body;
    this.line = line;
  }

  static String decode(String body, int line) {
    return body.indexOf('\\') < 0 ? body : new StringLiteral(body, line).decode();
  }

  private String decode() {
    while (at < body.length()) {
      char c = body.charAt(at++);
      if (c != '\\') {
        text.append(c);
      } else if (at == body.length()) {
        throw TemplateException.syntax(line, "\\ at end of string");
      } else {
        escape();
      }
    }
    return text.toString();
  }

  private void escape() {
    int c = body.codePointAt(at);
    at += Character.charCount(c);
    switch (c) {
      case '\n' -> {}
      case '\\', '\'', '"' -> text.append((char) c);
      case 'a' -> text.append('\u0007');
      case 'b' -> text.append('\b');
      case 'f' -> text.append('\f');
      case 'n' -> text.append('\n');
      case 'r' -> text.append('\r');
      case 't' -> text.append('\t');
      case 'v' -> text.append('\u000b');
      case 'x' -> hexadecimal(2, "\\xXX");
      case 'u' -> hexadecimal(4, "\\uXXXX");
      case 'U' -> hexadecimal(8, "\\UXXXXXXXX");
      case 'N' -> named();
      case '0', '1', '2', '3', '4', '5', '6', '7' -> octal();
      default -> unknown(c);
    }
  }

  private void unknown(int c) {
    text.append('\\');
    if (c < 0x80) {
      text.append((char) c);
    } else if (c < 0x100) {
      text.append(String.format("x%02x", c));
    } else {
      text.append(c < 0x10000 ? String.format("u%04x", c) : String.format("U%08x", c));
    }
  }

  private void hexadecimal(int digits, String form) {
    int end = at + digits;
    int code = 0;
    for (; at < end; at++) {
      int digit = at < body.length() ? Character.digit(body.charAt(at), 16) : -1;
      if (digit < 0 || body.charAt(at) >= 0x80) {
        throw TemplateException.syntax(line, "truncated " + form + " escape");
      }
      code = code << 4 | digit;
    }
    if (!Character.isValidCodePoint(code)) {
      throw TemplateException.syntax(line, "illegal Unicode character");
    }
    text.appendCodePoint(code);
  }

  private void octal() {
    int code = 0;
    int start = --at;
    while (at < body.length() && at < start + 3 && "01234567".indexOf(body.charAt(at)) >= 0) {
      code = code << 3 | (body.charAt(at++) - '0');
    }
    text.append((char) code);
  }

  private void named() {
    int end = body.indexOf('}', at);
    if (end < 0 || body.charAt(at) != '{') {
      throw TemplateException.syntax(line, "malformed \\N character escape");
    }
    try {
      text.appendCodePoint(Character.codePointOf(body.substring(at + 1, end)));
    } catch (IllegalArgumentException e) {
      throw TemplateException.syntax(line, "unknown Unicode character name");
    }
    at = end + 1;
  }
}
