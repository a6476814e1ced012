package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Expression.Operator;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * Python's numbers: whole numbers of any size (a Long while it fits, else a BigInteger) and floats
 * (Double). A bool counts as 0 or 1.
 */
final class Numbers {
  /** Above what Python itself would print. */
  private static final int MAX_BITS = 1 << 14;

  private static final BigInteger LONG_MIN = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);

  private Numbers() {}

  static boolean isNumber(Object value) {
    return value instanceof Long
        || value instanceof Double
        || value instanceof Boolean
        || value instanceof BigInteger;
  }

  static boolean isWhole(Object value) {
    return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
  }

  static Object normal(BigInteger value) {
    if (value.bitLength() < Long.SIZE) {
      return value.longValue();
    }
    if (value.bitLength() > MAX_BITS) {
      throw new EvaluationError("an integer has more than " + MAX_BITS + " bits");
    }
    return value;
  }

  static BigInteger big(Object whole) {
    return switch (whole) {
      case Long number -> BigInteger.valueOf(number);
      case Boolean bool -> bool ? BigInteger.ONE : BigInteger.ZERO;
      case BigInteger number -> number;
      case Undefined undefined -> throw undefined.error();
      default ->
          throw new EvaluationError(
              "'" + Types.name(whole) + "' object cannot be interpreted as an integer");
    };
  }

  /** A whole number as an index, count or width: too large ones saturate. */
  static int index(Object value) {
    BigInteger number = big(value);
    BigInteger low = BigInteger.valueOf(Integer.MIN_VALUE);
    BigInteger high = BigInteger.valueOf(Integer.MAX_VALUE);
    return number.max(low).min(high).intValue();
  }

  static long saturated(Object value) {
    return big(value).max(LONG_MIN).min(LONG_MAX).longValue();
  }

  static double real(Object number) {
    return switch (number) {
      case Double value -> value;
      case Long value -> (double) value;
      case Boolean value -> value ? 1 : 0;
      case BigInteger value -> finite(value.doubleValue());
      case Undefined undefined -> throw undefined.error();
      default -> throw new EvaluationError("must be real number, not " + Types.name(number));
    };
  }

  private static double finite(double value) {
    if (Double.isInfinite(value)) {
      throw new EvaluationError("int too large to convert to float");
    }
    return value;
  }

  /** Equal for all numbers that are equal in Python. */
  static Object canonical(double value) {
    return value == Math.rint(value) && !Double.isInfinite(value)
        ? normal(new BigDecimal(value).toBigInteger())
        : (Object) value;
  }

  static int compare(Object left, Object right) {
    if (left instanceof Long a && right instanceof Long b) {
      return Long.compare(a, b);
    }
    if (isWhole(left) && isWhole(right)) {
      return big(left).compareTo(big(right));
    }
    if (left instanceof Double a && right instanceof Double b) {
      return a < b ? -1 : a > b ? 1 : 0;
    }
    double value = left instanceof Double a ? a : real(right);
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      double a = left instanceof Double ? value : 0;
      double b = right instanceof Double ? value : 0;
      return a < b ? -1 : a > b ? 1 : 0;
    }
    return exact(left).compareTo(exact(right));
  }

  static boolean isNan(Object value) {
    return value instanceof Double number && Double.isNaN(number);
  }

  private static BigDecimal exact(Object number) {
    return number instanceof Double value ? new BigDecimal(value) : new BigDecimal(big(number));
  }

  static Object arithmetic(Operator operator, Object left, Object right) {
    if (left instanceof Double || right instanceof Double) {
      return reals(operator, real(left), real(right));
    }
    if (left instanceof Long a && right instanceof Long b) {
      Object quick = longs(operator, a, b);
      if (quick != None.NONE) {
        return quick;
      }
    }
    return wholes(operator, big(left), big(right));
  }

  /** The result, or None if it needs more than 64 bits. */
  private static Object longs(Operator operator, long a, long b) {
    switch (operator) {
      case ADD -> {
        long sum = a + b;
        return ((a ^ sum) & (b ^ sum)) < 0 ? None.NONE : (Object) sum;
      }
      case SUBTRACT -> {
        long difference = a - b;
        return ((a ^ b) & (a ^ difference)) < 0 ? None.NONE : (Object) difference;
      }
      case FLOOR_DIVIDE -> {
        return b == 0 || b == -1 ? None.NONE : (Object) Math.floorDiv(a, b);
      }
      case MODULO -> {
        return b == 0 ? None.NONE : (Object) Math.floorMod(a, b);
      }
      default -> {
        return None.NONE;
      }
    }
  }

  private static Object wholes(Operator operator, BigInteger a, BigInteger b) {
    return switch (operator) {
      case ADD -> normal(a.add(b));
      case SUBTRACT -> normal(a.subtract(b));
      case MULTIPLY -> normal(a.multiply(b));
      case DIVIDE -> divide(a, b);
      case FLOOR_DIVIDE -> normal(floorDivide(a, b)[0]);
      case MODULO -> normal(floorDivide(a, b)[1]);
      case POWER -> power(a, b);
    };
  }

  private static Object divide(BigInteger a, BigInteger b) {
    if (b.signum() == 0) {
      throw new EvaluationError("division by zero");
    }
    if (a.bitLength() <= 53 && b.bitLength() <= 53) {
      return a.doubleValue() / b.doubleValue();
    }
    java.math.MathContext precise = new java.math.MathContext(800, RoundingMode.HALF_EVEN);
    return finite(new BigDecimal(a).divide(new BigDecimal(b), precise).doubleValue());
  }

  private static BigInteger[] floorDivide(BigInteger a, BigInteger b) {
    if (b.signum() == 0) {
      throw new EvaluationError("integer division or modulo by zero");
    }
    BigInteger[] result = a.divideAndRemainder(b);
    if (result[1].signum() != 0 && result[1].signum() != b.signum()) {
      result[0] = result[0].subtract(BigInteger.ONE);
      result[1] = result[1].add(b);
    }
    return result;
  }

  private static Object power(BigInteger base, BigInteger exponent) {
    if (exponent.signum() < 0) {
      return reals(Operator.POWER, base.doubleValue(), exponent.doubleValue());
    }
    boolean small = base.abs().bitLength() <= 1;
    if (small) {
      boolean negative = base.signum() < 0 && exponent.testBit(0);
      boolean one = base.signum() != 0 || exponent.signum() == 0;
      return one ? (negative ? -1L : 1L) : 0L;
    }
    if (exponent.bitLength() > 20 || (long) base.bitLength() * exponent.intValue() > MAX_BITS) {
      throw new EvaluationError("an integer has more than " + MAX_BITS + " bits");
    }
    return normal(base.pow(exponent.intValue()));
  }

  private static Object reals(Operator operator, double a, double b) {
    return switch (operator) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / nonZero(b, "float division by zero");
      case FLOOR_DIVIDE -> floorDivide(a, nonZero(b, "float floor division by zero"));
      case MODULO -> modulo(a, nonZero(b, "float modulo"));
      case POWER -> power(a, b);
    };
  }

  private static double nonZero(double value, String message) {
    if (value == 0) {
      throw new EvaluationError(message);
    }
    return value;
  }

  private static double modulo(double a, double b) {
    double result = a % b;
    if (result == 0) {
      return Math.copySign(0, b);
    }
    return result < 0 != b < 0 ? result + b : result;
  }

  private static double floorDivide(double a, double b) {
    double quotient = (a - modulo(a, b)) / b;
    return quotient == 0 ? Math.copySign(0, a / b) : Math.rint(quotient);
  }

  private static double power(double a, double b) {
    if (a == 0 && b < 0) {
      throw new EvaluationError("0.0 cannot be raised to a negative power");
    }
    if (a < 0 && b != Math.rint(b) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
      throw new EvaluationError("complex numbers are not supported");
    }
    double result = Math.pow(a, b);
    if (Double.isInfinite(result) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
      throw new EvaluationError("(34, 'Numerical result out of range')");
    }
    return a == 1 || b == 0 ? 1.0 : result;
  }

  static Object negate(Object number) {
    return number instanceof Double value ? (Object) (-value) : normal(big(number).negate());
  }

  static Object absolute(Object number) {
    return number instanceof Double value ? (Object) Math.abs(value) : normal(big(number).abs());
  }

  /** Python's {@code int()} of a float. */
  static Object truncate(double value) {
    if (Double.isNaN(value)) {
      throw new EvaluationError("cannot convert float NaN to integer");
    }
    if (Double.isInfinite(value)) {
      throw new EvaluationError("cannot convert float infinity to integer");
    }
    return normal(new BigDecimal(value).toBigInteger());
  }

  /** Rounds to even, on the float's exact value. */
  static Object round(Object number, int digits) {
    if (!(number instanceof Double value)) {
      BigInteger whole = big(number);
      if (digits >= 0) {
        return normal(whole);
      }
      return normal(
          new BigDecimal(whole)
              .setScale(Math.max(digits, -5_000), RoundingMode.HALF_EVEN)
              .toBigInteger());
    }
    if (Double.isNaN(value) || Double.isInfinite(value) || digits > 400) {
      return value;
    }
    if (digits < -400) {
      return Math.copySign(0.0, value);
    }
    double rounded = new BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
    return Math.copySign(rounded, value);
  }
}
