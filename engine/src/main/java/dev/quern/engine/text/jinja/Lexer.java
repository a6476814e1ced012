package dev.quern.engine.text.jinja;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts template source into tokens; white space control is done here, so the parser sees none of
 * it. The rules are those of Jinja 3.1's lexer with its default delimiters.
 */
final class Lexer {
  private static final Pattern NEWLINE = Pattern.compile("\r\n|\r");
  private static final Pattern RAW_BEGIN =
      Pattern.compile("\\{%([-+]?)\\s*raw\\s*(?:-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern RAW_END =
      Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(\\+%}|-%}|%})", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern FLOAT =
      Pattern.compile(
          "(?<!\\.)(?:\\d+_)*+\\d+(?:(?:\\.(?:\\d+_)*+\\d+)?e[+-]?(?:\\d+_)*+\\d+|\\.(?:\\d+_)*+\\d+)",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern INTEGER =
      Pattern.compile(
          "0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[0-9a-f])+|[1-9](?:_?\\d)*+|0(?:_?0)*+",
          Pattern.CASE_INSENSITIVE);
  private static final int MAX_NUMBER_LENGTH = 400;
  private static final List<String> LONG_OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=");
  private static final String SHORT_OPERATORS = "+-/*%~[](){}><=.:|,;";

  private final String source;
  private final boolean trimBlocks;
  private final boolean lstripBlocks;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int line = 1;
  private boolean lineStarting = true;

  private Lexer(String source, TemplateOptions options) {
    String lines = NEWLINE.matcher(source).replaceAll("\n");
    this.source = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
    this.trimBlocks = options.trimBlocks();
    this.lstripBlocks = options.lstripBlocks();
  }

  static List<Token> tokenize(String source, TemplateOptions options) {
    Lexer lexer = new Lexer(source, options);
    while (lexer.position < lexer.source.length()) {
      lexer.root();
    }
    lexer.tokens.add(new Token(lexer.line, Token.Type.END, ""));
    return lexer.tokens;
  }

  /** Template data up to the next tag, and the tag. */
  private void root() {
    int tag = nextTag(position);
    if (tag < 0) {
      data(source.substring(position));
      position = source.length();
      return;
    }
    String text = source.substring(position, tag);
    Matcher raw = RAW_BEGIN.matcher(source).region(tag, source.length());
    if (raw.lookingAt()) {
      dataBeforeTag(text, raw.group(1), true);
      position = tag;
      advance(raw.end());
      raw();
      return;
    }
    char kind = source.charAt(tag + 1);
    String sign = signAt(tag + 2);
    dataBeforeTag(text, sign, kind != '{');
    position = tag;
    advance(tag + 2 + sign.length());
    switch (kind) {
      case '#' -> comment();
      case '{' -> expression(Token.Type.VARIABLE_BEGIN, Token.Type.VARIABLE_END);
      default -> expression(Token.Type.BLOCK_BEGIN, Token.Type.BLOCK_END);
    }
  }

  private int nextTag(int from) {
    for (int at = source.indexOf('{', from); at >= 0; at = source.indexOf('{', at + 1)) {
      if (at + 1 < source.length() && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
        return at;
      }
    }
    return -1;
  }

  private String signAt(int at) {
    boolean sign = at < source.length() && "+-".indexOf(source.charAt(at)) >= 0;
    return sign ? source.substring(at, at + 1) : "";
  }

  private void dataBeforeTag(String text, String sign, boolean mayStripLine) {
    int kept = strippedLength(text, sign, mayStripLine);
    data(text.substring(0, kept));
    countLines(text.substring(kept));
  }

  private int strippedLength(String text, String sign, boolean mayStripLine) {
    if (sign.equals("-")) {
      int end = text.length();
      while (end > 0 && PythonStrings.isSpace(text.charAt(end - 1))) {
        end--;
      }
      return end;
    }
    if (sign.isEmpty() && mayStripLine && lstripBlocks) {
      int lineStart = text.lastIndexOf('\n') + 1;
      if ((lineStart > 0 || lineStarting) && isBlank(text, lineStart)) {
        return lineStart;
      }
    }
    return text.length();
  }

  private static boolean isBlank(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (!PythonStrings.isSpace(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      tokens.add(new Token(line, Token.Type.DATA, text));
      countLines(text);
    }
  }

  private void countLines(String text) {
    for (int at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      line++;
    }
  }

  /** Moves past what was matched as one piece of syntax. */
  private void advance(int end) {
    lineStarting = source.charAt(end - 1) == '\n';
    countLines(source.substring(Math.min(position, end), end));
    position = end;
  }

  private void comment() {
    int end = source.indexOf("#}", position);
    if (end < 0) {
      throw TemplateException.syntax(line, "Missing end of comment tag");
    }
    boolean signed = end > position && "+-".indexOf(source.charAt(end - 1)) >= 0;
    advance(endOfTag(signed ? source.substring(end - 1, end) : "", end + 2, true));
  }

  /** Where the text after a tag starts, given the sign in front of the tag's end. */
  private int endOfTag(String sign, int end, boolean mayTrim) {
    if (sign.equals("-")) {
      int at = end;
      while (at < source.length() && PythonStrings.isSpace(source.charAt(at))) {
        at++;
      }
      return at;
    }
    boolean trims = sign.isEmpty() && mayTrim && trimBlocks;
    return trims && end < source.length() && source.charAt(end) == '\n' ? end + 1 : end;
  }

  private void raw() {
    Matcher end = RAW_END.matcher(source);
    if (!end.find(position)) {
      throw TemplateException.syntax(line, "Missing end of raw directive");
    }
    String text = source.substring(position, end.start());
    dataBeforeTag(text, end.group(1), true);
    position = end.start();
    String close = end.group(2);
    advance(endOfTag(close.length() == 3 ? close.substring(0, 1) : "", end.end(), true));
  }

  private void expression(Token.Type begin, Token.Type end) {
    tokens.add(new Token(line, begin, ""));
    boolean block = end == Token.Type.BLOCK_END;
    Deque<Character> open = new ArrayDeque<>();
    while (true) {
      if (position >= source.length()) {
        return; // the parser reports the tag that has no end
      }
      if (open.isEmpty() && closes(block ? '%' : '}')) {
        String sign = signAt(position);
        tokens.add(new Token(line, end, ""));
        advance(endOfTag(sign, position + sign.length() + 2, block));
        return;
      }
      piece(open);
    }
  }

  private boolean closes(char first) {
    String end = first + "}";
    return source.startsWith(end, position)
        || source.startsWith("-" + end, position)
        || (first == '%' && source.startsWith("+" + end, position));
  }

  /** White space or one token inside a tag. */
  private void piece(Deque<Character> open) {
    int c = source.codePointAt(position);
    if (PythonStrings.isSpace(c)) {
      advance(position + Character.charCount(c));
    } else if (c == '\'' || c == '"') {
      string((char) c);
    } else if (c >= '0' && c <= '9') {
      number();
    } else if (isWord(c)) {
      name();
    } else {
      operator(open);
    }
  }

  private static boolean isWord(int c) {
    return c == '_'
        || (Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }

  private void name() {
    int end = position;
    while (end < source.length() && isWord(source.codePointAt(end))) {
      end += Character.charCount(source.codePointAt(end));
    }
    String name = source.substring(position, end);
    int first = name.codePointAt(0);
    if (first != '_' && !Character.isUnicodeIdentifierStart(first)) {
      throw TemplateException.syntax(line, "Invalid character in identifier");
    }
    tokens.add(new Token(line, Token.Type.NAME, name));
    advance(end);
  }

  private void string(char quote) {
    int end = position + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw TemplateException.syntax(line, "unexpected char " + quote + ": string without an end");
    }
    String value = StringLiteral.decode(source.substring(position + 1, end), line);
    tokens.add(new Token(line, Token.Type.STRING, value));
    advance(end + 1);
  }

  private void number() {
    Matcher real = matcher(FLOAT);
    if (real.lookingAt()) {
      String digits = real.group().replace("_", "");
      tokens.add(new Token(line, Token.Type.FLOAT, digits, Double.valueOf(digits)));
      advance(real.end());
      return;
    }
    Matcher integer = matcher(INTEGER);
    if (!integer.lookingAt() || integer.end() - position > MAX_NUMBER_LENGTH) {
      throw TemplateException.syntax(line, "a number of this form is not supported");
    }
    String digits = integer.group().replace("_", "");
    tokens.add(new Token(line, Token.Type.INTEGER, digits, integer(digits)));
    advance(integer.end());
  }

  /** A matcher at the current position that can look behind it. */
  private Matcher matcher(Pattern pattern) {
    int end = Math.min(source.length(), position + MAX_NUMBER_LENGTH + 1);
    return pattern.matcher(source).region(position, end).useTransparentBounds(true);
  }

  private static Object integer(String digits) {
    int radix =
        digits.length() < 2
            ? 10
            : switch (digits.charAt(1)) {
              case 'x', 'X' -> 16;
              case 'o', 'O' -> 8;
              case 'b', 'B' -> 2;
              default -> 10;
            };
    return Numbers.normal(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
  }

  private void operator(Deque<Character> open) {
    for (String operator : LONG_OPERATORS) {
      if (source.startsWith(operator, position)) {
        tokens.add(new Token(line, Token.Type.OPERATOR, operator));
        advance(position + 2);
        return;
      }
    }
    char c = source.charAt(position);
    if (SHORT_OPERATORS.indexOf(c) < 0) {
      throw TemplateException.syntax(line, "unexpected char '" + c + "'");
    }
    balance(open, c);
    tokens.add(new Token(line, Token.Type.OPERATOR, String.valueOf(c)));
    advance(position + 1);
  }

  private void balance(Deque<Character> open, char c) {
    switch (c) {
      case '{' -> open.push('}');
      case '(' -> open.push(')');
      case '[' -> open.push(']');
      case '}', ')', ']' -> {
        if (open.isEmpty()) {
          throw TemplateException.syntax(line, "unexpected '" + c + "'");
        }
        char expected = open.pop();
        if (expected != c) {
          throw TemplateException.syntax(
              line, "unexpected '" + c + "', expected '" + expected + "'");
        }
      }
      default -> {}
    }
  }
}
