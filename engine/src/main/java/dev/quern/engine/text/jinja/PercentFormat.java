package dev.quern.engine.text.jinja;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code "..." % values}: printf-style formatting as Python does it. */
final class PercentFormat {
  private static final Pattern DIRECTIVE =
      Pattern.compile(
          "%(?:\\(([^)]*)\\))?([-+ #0]{0,5})(\\*|\\d{1,7})?(?:\\.(\\*|\\d{0,7}))?[hlL]?(.)?",
          Pattern.DOTALL);

  private final Object values;
  private final List<Object> positional;
  private final boolean markup;
  private final Budget budget;
  private int used;
  private boolean named;

  private PercentFormat(Object values, boolean markup, Budget budget) {
    this.values = values;
    this.positional =
        values instanceof SequenceValue.TupleValue tuple ? tuple.items() : List.of(values);
    this.markup = markup;
    this.budget = budget;
  }

  static String format(String text, Object values, boolean markup, Budget budget) {
    return new PercentFormat(values, markup, budget).format(text);
  }

  private String format(String text) {
    StringBuilder result = new StringBuilder();
    Matcher directive = DIRECTIVE.matcher(text);
    int from = 0;
    while (directive.find(from)) {
      result.append(text, from, directive.start());
      String shown = directive(directive);
      budget.allocate(shown.length());
      result.append(shown);
      from = directive.end();
    }
    budget.allocate(text.length());
    result.append(text, from, text.length());
    boolean container =
        values instanceof DictValue
            || values instanceof SequenceValue.ListValue
            || values instanceof NamespaceValue;
    if (used < positional.size() && !named && !(container && used == 0)) {
      throw new EvaluationError("not all arguments converted during string formatting");
    }
    return result.toString();
  }

  private String directive(Matcher part) {
    String letter = part.group(5);
    if (letter == null) {
      throw new EvaluationError("incomplete format");
    }
    if (letter.equals("%")) {
      return "%";
    }
    String flags = part.group(2);
    @Nullable Object key = part.group(1) == null ? null : value(part.group(1));
    int width = number(part.group(3), 0);
    int precision = number(part.group(4), -1);
    if (width < 0) {
      flags += "-";
      width = -width;
    }
    Object value = key == null ? next() : key;
    return pad(convert(letter.charAt(0), value, flags, width, precision), flags, width);
  }

  private Object value(String name) {
    named = true;
    if (!(values instanceof DictValue dict)) {
      throw new EvaluationError("format requires a mapping");
    }
    Object value = dict.get(name);
    if (value == null) {
      throw new EvaluationError("KeyError: '" + name + "'");
    }
    return value;
  }

  private int number(@Nullable String text, int otherwise) {
    if (text == null) {
      return otherwise;
    }
    if (text.equals("*")) {
      return Numbers.index(next());
    }
    return text.isEmpty() ? 0 : Integer.parseInt(text);
  }

  private Object next() {
    if (used >= positional.size()) {
      throw new EvaluationError("not enough arguments for format string");
    }
    return positional.get(used++);
  }

  private String convert(char letter, Object value, String flags, int width, int precision) {
    return switch (letter) {
      case 's' -> cut(text(value), precision);
      case 'r' -> cut(escaped(Printer.repr(value, budget)), precision);
      case 'a' -> cut(escaped(JsonWriter.ascii(Printer.repr(value, budget))), precision);
      case 'c' -> character(value);
      case 'd', 'i', 'u' -> whole(value, 'd', flags, width, precision);
      case 'x', 'X', 'o' -> whole(value, letter, flags, width, precision);
      case 'e', 'E', 'f', 'F', 'g', 'G' -> {
        if (!Numbers.isNumber(value)) {
          throw new EvaluationError("must be real number, not " + Types.name(value));
        }
        yield number(Numbers.real(value), letter, flags, width, precision < 0 ? 6 : precision);
      }
      default -> throw new EvaluationError("unsupported format character '" + letter + "'");
    };
  }

  private String text(Object value) {
    return markup ? Markup.escape(value, budget).text() : Printer.str(value, budget);
  }

  private String escaped(String text) {
    return markup ? Markup.escapeText(text) : text;
  }

  private static String cut(String text, int precision) {
    boolean longer = precision >= 0 && precision < text.codePointCount(0, text.length());
    return longer ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
  }

  private static String character(Object value) {
    if (value instanceof String text && text.codePointCount(0, text.length()) == 1) {
      return text;
    }
    int code = Numbers.isWhole(value) ? Numbers.index(value) : -1;
    if (!Character.isValidCodePoint(code)) {
      throw new EvaluationError("the format for a character requires int or char");
    }
    return Character.toString(code);
  }

  private String whole(Object value, char letter, String flags, int width, int precision) {
    if (!Numbers.isNumber(value) || (value instanceof Double && letter != 'd')) {
      throw new EvaluationError(
          "%" + letter + " format: an integer is required, not " + Types.name(value));
    }
    Object number = value instanceof Double real ? Numbers.truncate(real) : value;
    if (precision > 0) {
      String digits = Numbers.big(number).abs().toString(radix(letter));
      String filled = PythonStrings.zeroFill(digits, precision, budget);
      String cased = letter == 'X' ? PythonStrings.upper(filled) : filled;
      String sign = Numbers.big(number).signum() < 0 ? "-" : flags.contains("+") ? "+" : "";
      return sign + cased;
    }
    return number(number, letter, flags, width, -1);
  }

  private static int radix(char letter) {
    return letter == 'd' ? 10 : letter == 'o' ? 8 : 16;
  }

  private String number(Object value, char letter, String flags, int width, int precision) {
    boolean zeros = flags.contains("0") && !flags.contains("-");
    String specification =
        (flags.contains("+") ? "+" : flags.contains(" ") ? " " : "")
            + (flags.contains("#") ? "#" : "")
            + (zeros && width > 0 ? "0" + width : "")
            + (precision >= 0 ? "." + precision : "")
            + letter;
    return FormatSpec.format(
        value instanceof Boolean b ? (Object) (b ? 1L : 0L) : value, specification, budget);
  }

  private String pad(String text, String flags, int width) {
    boolean left = flags.contains("-");
    return PythonStrings.pad(text, width, " ", !left, left, budget);
  }
}
