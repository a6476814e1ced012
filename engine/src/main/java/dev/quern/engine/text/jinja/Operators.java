package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Expression.Operator;
import java.util.ArrayList;
import java.util.List;

/** Python's arithmetic on all types. */
final class Operators {
  private Operators() {}

  static Object apply(Operator operator, Object left, Object right, Budget budget) {
    if (operator == Operator.ADD && left instanceof String a && right instanceof String b) {
      budget.allocate((long) a.length() + b.length());
      return a.concat(b);
    }
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.arithmetic(operator, left, right);
    }
    if (operator == Operator.MODULO && Types.isText(left)) {
      return format(left, right, budget);
    }
    if (left instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (right instanceof Undefined undefined) {
      throw undefined.error();
    }
    return switch (operator) {
      case ADD -> add(left, right, budget);
      case MULTIPLY -> multiply(left, right, budget);
      default -> throw EvaluationError.unsupported(operator.symbol, left, right);
    };
  }

  private static Object format(Object format, Object values, Budget budget) {
    String text = Types.text(format, "");
    if (format instanceof Markup) {
      return new Markup(PercentFormat.format(text, values, true, budget));
    }
    return PercentFormat.format(text, values, false, budget);
  }

  private static Object add(Object left, Object right, Budget budget) {
    if (Types.isText(left) && Types.isText(right)) {
      String a = Markup.escape(left, budget).text();
      String b = Markup.escape(right, budget).text();
      budget.allocate((long) a.length() + b.length());
      return new Markup(a + b);
    }
    if (left instanceof SequenceValue a
        && right instanceof SequenceValue b
        && a.getClass() == b.getClass()) {
      budget.allocate((long) a.items().size() + b.items().size());
      List<Object> sum = new ArrayList<>(a.items().size() + b.items().size());
      sum.addAll(a.items());
      sum.addAll(b.items());
      return a.with(sum);
    }
    if (Types.isText(left)) {
      throw new EvaluationError(
          "can only concatenate str (not \"" + Types.name(right) + "\") to str");
    }
    throw EvaluationError.unsupported("+", left, right);
  }

  private static Object multiply(Object left, Object right, Budget budget) {
    if (Numbers.isWhole(right)) {
      return repeat(left, right, budget);
    }
    if (Numbers.isWhole(left)) {
      return repeat(right, left, budget);
    }
    throw EvaluationError.unsupported("*", left, right);
  }

  private static Object repeat(Object value, Object times, Budget budget) {
    int count = Math.max(0, Numbers.index(times));
    return switch (value) {
      case String text -> repeat(text, count, budget);
      case Markup markup -> new Markup(repeat(markup.text(), count, budget));
      case SequenceValue sequence -> {
        List<Object> items = sequence.items();
        budget.allocate((long) items.size() * count);
        List<Object> repeated = new ArrayList<>();
        for (int i = 0; i < count && !items.isEmpty(); i++) {
          repeated.addAll(items);
        }
        yield sequence.with(repeated);
      }
      default -> throw EvaluationError.unsupported("*", value, times);
    };
  }

  static String repeat(String text, int count, Budget budget) {
    budget.allocate((long) text.length() * Math.max(0, count));
    return text.repeat(Math.max(0, count));
  }

  static Object signed(Expression.Sign sign, Object value) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    boolean minus = sign == Expression.Sign.MINUS;
    if (!Numbers.isNumber(value)) {
      throw new EvaluationError(
          "bad operand type for unary " + (minus ? "-" : "+") + ": '" + Types.name(value) + "'");
    }
    if (minus) {
      return Numbers.negate(value);
    }
    return value instanceof Boolean ? Numbers.normal(Numbers.big(value)) : value;
  }
}
