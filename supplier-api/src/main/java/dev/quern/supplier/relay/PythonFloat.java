package dev.quern.supplier.relay;

import java.math.BigDecimal;

/**
 * {@code float.__repr__}: the shortest decimal that reads back as the same double, in positional
 * notation for exponents from -4 to 15 and in scientific notation beyond (CPython's {@code
 * float_repr_style} "short").
 */
final class PythonFloat {
  private static final int LEAST_POSITIONAL = -4;
  private static final int MOST_POSITIONAL = 15;

  private PythonFloat() {}

  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    if (value == 0) {
      return 1 / value > 0 ? "0.0" : "-0.0";
    }
    BigDecimal shortest = shortest(Math.abs(value));
    String digits = shortest.unscaledValue().toString();
    // value = d.ddd * 10^exponent
    int exponent = digits.length() - 1 - shortest.scale();
    String text =
        exponent < LEAST_POSITIONAL || exponent > MOST_POSITIONAL
            ? scientific(digits, exponent)
            : positional(digits, exponent);
    return value < 0 ? "-" + text : text;
  }

  /**
   * Java's own conversion is the shortest, too, but never of fewer than two digits: it chooses
   * 9.9E-324 where 1e-323 reads back as the same.
   */
  private static BigDecimal shortest(double value) {
    BigDecimal java = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    if (java.precision() == 2) {
      BigDecimal one = new BigDecimal(value).round(new java.math.MathContext(1));
      if (one.doubleValue() == value) {
        return one.stripTrailingZeros();
      }
    }
    return java;
  }

  private static String positional(String digits, int exponent) {
    if (exponent < 0) {
      return "0." + "0".repeat(-exponent - 1) + digits;
    }
    if (exponent + 1 >= digits.length()) {
      return digits + "0".repeat(exponent + 1 - digits.length()) + ".0";
    }
    return digits.substring(0, exponent + 1) + "." + digits.substring(exponent + 1);
  }

  private static String scientific(String digits, int exponent) {
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    String power = Integer.toString(Math.abs(exponent));
    return mantissa + (exponent < 0 ? "e-" : "e+") + (power.length() < 2 ? "0" + power : power);
  }
}
