package dev.quern.engine.text.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Python's format specification: {@code
 * [[fill]align][sign][#][0][width][grouping][.precision][type]}.
 *
 * @param align one of {@code < > = ^}, or a space where none is given
 * @param sign one of {@code + -} or a space
 * @param precision digits, or -1 where none is given
 * @param type the letter, or a space where none is given
 */
record FormatSpec(
    String fill,
    char align,
    char sign,
    boolean alternate,
    int width,
    String grouping,
    int precision,
    char type) {
  private static final Pattern FORM =
      Pattern.compile(
          "(?:(.)?([<>=^]))??([-+ ])?(#)?(0)?(\\d{1,7})?([_,])?(?:\\.(\\d{1,7}))?([a-zA-Z%])?",
          Pattern.DOTALL);
  private static final int MAX_PRECISION = 1_000;

  static FormatSpec parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new EvaluationError("Invalid format specifier '" + text + "'");
    }
    boolean zero = form.group(5) != null;
    String fill = form.group(1) != null ? form.group(1) : zero ? "0" : " ";
    char align = character(form.group(2), zero ? '=' : ' ');
    int precision = form.group(8) == null ? -1 : Integer.parseInt(form.group(8));
    return new FormatSpec(
        fill,
        align,
        character(form.group(3), '-'),
        form.group(4) != null,
        form.group(6) == null ? 0 : Integer.parseInt(form.group(6)),
        form.group(7) == null ? "" : form.group(7),
        precision,
        character(form.group(9), ' '));
  }

  private static char character(@org.jspecify.annotations.Nullable String group, char otherwise) {
    return group == null ? otherwise : group.charAt(0);
  }

  static String format(Object value, String specification, Budget budget) {
    if (specification.isEmpty()) {
      return Printer.str(value, budget);
    }
    FormatSpec spec = parse(specification);
    return switch (value) {
      case Boolean bool when spec.type == ' ' || spec.type == 's' ->
          spec.text(bool ? "True" : "False", budget);
      case Double number -> spec.real(number, budget);
      default -> {
        if (Numbers.isWhole(value)) {
          yield spec.whole(Numbers.big(value), budget);
        }
        if (Types.isText(value)) {
          yield spec.text(Types.text(value, ""), budget);
        }
        throw new EvaluationError(
            "unsupported format string passed to " + Types.name(value) + ".__format__");
      }
    };
  }

  private EvaluationError unknown(String kind) {
    return new EvaluationError(
        "Unknown format code '" + type + "' for object of type '" + kind + "'");
  }

  private String text(String value, Budget budget) {
    if (type != ' ' && type != 's') {
      throw unknown("str");
    }
    if (align == '=' && !fill.equals("0")) {
      throw new EvaluationError("'=' alignment not allowed in string format specifier");
    }
    int length = value.codePointCount(0, value.length());
    String shown =
        precision >= 0 && precision < length
            ? value.substring(0, value.offsetByCodePoints(0, precision))
            : value;
    return pad("", shown, align == ' ' || align == '=' ? '<' : align, budget);
  }

  private String whole(BigInteger value, Budget budget) {
    if ("eEfFgG%".indexOf(type) >= 0) {
      return real(Numbers.real(Numbers.normal(value)), budget);
    }
    if (type == 'c') {
      int code = Numbers.index(value);
      if (!Character.isValidCodePoint(code)) {
        throw new EvaluationError("a character code must be in range(0x110000)");
      }
      return pad("", Character.toString(code), align == ' ' ? '<' : align, budget);
    }
    int radix =
        switch (type) {
          case ' ', 'd', 'n' -> 10;
          case 'x', 'X' -> 16;
          case 'o' -> 8;
          case 'b' -> 2;
          default -> throw unknown("int");
        };
    String digits = value.abs().toString(radix);
    String prefix = alternate && radix != 10 ? "0" + type : "";
    digits = type == 'X' ? PythonStrings.upper(digits) : digits;
    return number(value.signum() < 0, prefix, digits, "", radix == 10 ? 3 : 4, budget);
  }

  private String real(double value, Budget budget) {
    if ("eEfFgGn% ".indexOf(type) < 0) {
      throw unknown("float");
    }
    if (precision > MAX_PRECISION) {
      throw new EvaluationError("precision too big");
    }
    boolean negative = Double.doubleToRawLongBits(value) < 0 && !Double.isNaN(value);
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      String name = (Double.isNaN(value) ? "nan" : "inf") + (type == '%' ? "%" : "");
      name = Character.isUpperCase(type) ? PythonStrings.upper(name) : name;
      return number(negative, "", name, "", 0, budget);
    }
    String digits = magnitude(Math.abs(value));
    int end = 0;
    while (end < digits.length() && Character.isDigit(digits.charAt(end))) {
      end++;
    }
    return number(negative, "", digits.substring(0, end), digits.substring(end), 3, budget);
  }

  private String magnitude(double value) {
    int digits = precision < 0 ? 6 : precision;
    return switch (type) {
      case 'f', 'F' -> fixed(new BigDecimal(value), digits);
      case '%' -> fixed(new BigDecimal(value * 100), digits) + "%";
      case 'e' -> scientific(new BigDecimal(value), digits);
      case 'E' -> PythonStrings.upper(scientific(new BigDecimal(value), digits));
      case 'g', 'n' -> general(value, Math.max(1, digits), false);
      case 'G' -> PythonStrings.upper(general(value, Math.max(1, digits), false));
      default ->
          precision < 0 ? PythonFloat.repr(value) : general(value, Math.max(1, digits), true);
    };
  }

  private String fixed(BigDecimal value, int digits) {
    String text = value.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
    return alternate && digits == 0 ? text + "." : text;
  }

  private static String scientific(BigDecimal value, int digits) {
    if (value.signum() == 0) {
      return digits == 0 ? "0e+00" : "0." + "0".repeat(digits) + "e+00";
    }
    BigDecimal rounded = value.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
    String unscaled = rounded.unscaledValue().toString();
    int exponent = unscaled.length() - 1 - rounded.scale();
    unscaled =
        unscaled.length() > digits + 1
            ? unscaled.substring(0, digits + 1)
            : unscaled + "0".repeat(digits + 1 - unscaled.length());
    String fraction = digits == 0 ? "" : "." + unscaled.substring(1);
    return unscaled.charAt(0)
        + fraction
        + "e"
        + (exponent < 0 ? "-" : "+")
        + String.format("%02d", Math.abs(exponent));
  }

  /** {@code %g}: the shorter of fixed and scientific; as {@code str()} it keeps a ".0". */
  private String general(double value, int digits, boolean likeStr) {
    if (value == 0) {
      return likeStr ? "0.0" : "0";
    }
    String scientific = scientific(new BigDecimal(value), digits - 1);
    int mark = scientific.indexOf('e');
    int exponent = Integer.parseInt(scientific.substring(mark + 1));
    if (exponent < -4 || exponent >= digits - (likeStr ? 1 : 0)) {
      String head = scientific.substring(0, mark);
      return (alternate ? head : trimZeros(head)) + scientific.substring(mark);
    }
    BigDecimal rounded =
        new BigDecimal(value).setScale(digits - 1 - exponent, RoundingMode.HALF_EVEN);
    String plain = rounded.toPlainString();
    String text = alternate ? plain : trimZeros(plain);
    return likeStr && text.indexOf('.') < 0 ? text + ".0" : text;
  }

  private static String trimZeros(String number) {
    if (number.indexOf('.') < 0) {
      return number;
    }
    int end = number.length();
    while (number.charAt(end - 1) == '0') {
      end--;
    }
    return number.substring(0, number.charAt(end - 1) == '.' ? end - 1 : end);
  }

  private String number(
      boolean negative, String prefix, String whole, String rest, int group, Budget budget) {
    String mark = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    String head = mark + prefix;
    char side = align == ' ' ? '>' : align;
    String digits = whole;
    if (!grouping.isEmpty() && group > 0) {
      int room = side == '=' && fill.equals("0") ? width - head.length() - rest.length() : 0;
      digits = grouped(whole, group, room, budget);
    }
    return pad(head, digits + rest, side, budget);
  }

  /** Separators between groups; zeros in front, grouped too, up to {@code room} characters. */
  private String grouped(String digits, int group, int room, Budget budget) {
    budget.allocate(Math.max(0, room));
    StringBuilder backwards = new StringBuilder();
    int count = 0;
    for (int i = digits.length() - 1; i >= 0 || backwards.length() < room; i--) {
      if (count > 0 && count % group == 0) {
        backwards.append(grouping);
      }
      backwards.append(i >= 0 ? digits.charAt(i) : '0');
      count++;
    }
    return backwards.reverse().toString();
  }

  private String pad(String head, String body, char side, Budget budget) {
    int missing = width - head.length() - body.codePointCount(0, body.length());
    if (missing <= 0) {
      return head + body;
    }
    budget.allocate(width);
    return switch (side) {
      case '<' -> head + body + fill.repeat(missing);
      case '=' -> head + fill.repeat(missing) + body;
      case '^' -> fill.repeat(missing / 2) + head + body + fill.repeat(missing - missing / 2);
      default -> fill.repeat(missing) + head + body;
    };
  }
}
