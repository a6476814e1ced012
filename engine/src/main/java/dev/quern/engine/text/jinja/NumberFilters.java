package dev.quern.engine.text.jinja;

import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters that make and change numbers. */
final class NumberFilters {
  private static final Pattern FLOAT =
      Pattern.compile(
          "[+-]?(?:(?:\\d+(?:_\\d+)*)?\\.?(?:\\d+(?:_\\d+)*)?(?:[eE][+-]?\\d+)?|inf|infinity|nan)",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern PREFIX = Pattern.compile("0[bBoOxX]");
  private static final int MAX_DIGITS = 4_300;

  private NumberFilters() {}

  static void register(Map<String, Filter> filters) {
    filters.put("int", NumberFilters::toInt);
    filters.put("float", NumberFilters::toFloat);
    filters.put("round", NumberFilters::round);
    filters.put("abs", NumberFilters::abs);
    filters.put("filesizeformat", NumberFilters::fileSize);
  }

  private static Object toInt(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("int", 0, "default", "base");
    switch (value) {
      case Undefined undefined -> throw undefined.error();
      case Double real -> {
        return Double.isNaN(real) ? bound.get(0, 0L) : Numbers.truncate(real);
      }
      default -> {}
    }
    if (Numbers.isWhole(value)) {
      return Numbers.normal(Numbers.big(value));
    }
    if (!Types.isText(value)) {
      return bound.get(0, 0L);
    }
    String text = Types.text(value, "");
    Object whole = whole(text, bound.integer(1, 10));
    if (whole != null) {
      return whole;
    }
    Double real = real(text);
    boolean finite = real != null && !Double.isNaN(real) && !Double.isInfinite(real);
    return finite && real != null ? Numbers.truncate(real) : bound.get(0, 0L);
  }

  /** Python's {@code int(text, base)}, or null where it refuses. */
  private static @Nullable Object whole(String text, int base) {
    String digits = PythonStrings.strip(text, null, true, true);
    boolean signed = digits.startsWith("-") || digits.startsWith("+");
    String magnitude = signed ? digits.substring(1) : digits;
    int radix = base;
    if (magnitude.length() > 2 && PREFIX.matcher(magnitude.substring(0, 2)).matches()) {
      int named =
          switch (Character.toLowerCase(magnitude.charAt(1))) {
            case 'x' -> 16;
            case 'o' -> 8;
            default -> 2;
          };
      if (base == named || base == 0) {
        radix = named;
        magnitude = magnitude.substring(magnitude.charAt(2) == '_' ? 3 : 2);
      }
    }
    radix = radix == 0 ? 10 : radix;
    boolean badUnderscore =
        magnitude.startsWith("_") || magnitude.endsWith("_") || magnitude.contains("__");
    String plain = magnitude.replace("_", "");
    if (badUnderscore
        || plain.isEmpty()
        || plain.length() > MAX_DIGITS
        || radix < 2
        || radix > 36) {
      return null;
    }
    int limit = radix;
    if (!plain.codePoints().allMatch(c -> Character.digit(c, limit) >= 0)) {
      return null;
    }
    BigInteger number = new BigInteger(plain, radix);
    return Numbers.normal(digits.startsWith("-") ? number.negate() : number);
  }

  /** Python's {@code float(text)}, or null where it refuses. */
  private static @Nullable Double real(String text) {
    String number = PythonStrings.strip(text, null, true, true).toLowerCase(Locale.ROOT);
    if (!FLOAT.matcher(number).matches() || number.length() > MAX_DIGITS) {
      return null;
    }
    boolean negative = number.startsWith("-");
    if (number.endsWith("nan")) {
      return Double.NaN;
    }
    if (number.endsWith("inf") || number.endsWith("infinity")) {
      return negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    try {
      return Double.valueOf(number.replace("_", ""));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static Object toFloat(Interpreter in, Object value, Arguments given) {
    Object otherwise = given.bind("float", 0, "default").get(0, 0.0);
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (Numbers.isNumber(value)) {
      return Numbers.real(value);
    }
    Double real = Types.isText(value) ? real(Types.text(value, "")) : null;
    return real == null ? otherwise : (Object) real;
  }

  private static Object round(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("round", 0, "precision", "method");
    String method = bound.text(1, "common");
    int digits = bound.integer(0, 0);
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!Numbers.isNumber(value)) {
      throw new EvaluationError("type " + Types.name(value) + " doesn't define __round__ method");
    }
    double scale = Math.pow(10, digits);
    return switch (method) {
      case "common" -> Numbers.round(value, digits);
      case "ceil" -> Math.ceil(Numbers.real(value) * scale) / scale;
      case "floor" -> Math.floor(Numbers.real(value) * scale) / scale;
      default -> throw new EvaluationError("method must be common, ceil or floor");
    };
  }

  private static Object abs(Interpreter in, Object value, Arguments given) {
    given.bind("abs", 0);
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!Numbers.isNumber(value)) {
      throw new EvaluationError("bad operand type for abs(): '" + Types.name(value) + "'");
    }
    return Numbers.absolute(value);
  }

  private static Object fileSize(Interpreter in, Object value, Arguments given) {
    boolean binary = given.bind("filesizeformat", 0, "binary").truth(0, false);
    Object number = toFloat(in, value, Arguments.NOTHING);
    double bytes = Numbers.real(number);
    int base = binary ? 1024 : 1000;
    if (bytes == 1) {
      return "1 Byte";
    }
    if (bytes < base) {
      return (long) bytes + " Bytes";
    }
    String prefixes = "kMGTPEZY";
    double unit = (double) base * base;
    int prefix = 0;
    while (prefix < prefixes.length() - 1 && bytes >= unit) {
      unit *= base;
      prefix++;
    }
    String name = prefixes.substring(prefix, prefix + 1);
    String shown = FormatSpec.format(base * bytes / unit, ".1f", in.budget());
    return shown + " " + (binary ? name.toUpperCase(Locale.ROOT) + "iB" : name + "B");
  }
}
