package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Expression.Relation;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/** Python's {@code ==}, {@code <} and {@code in}. */
final class Comparisons {
  private Comparisons() {}

  static boolean holds(Relation relation, Object left, Object right, Budget budget) {
    return switch (relation) {
      case EQUAL -> equal(left, right, budget);
      case NOT_EQUAL -> !equal(left, right, budget);
      case LESS -> ordered("<", left, right, budget) < 0;
      case LESS_OR_EQUAL -> !nan(left, right) && ordered("<=", left, right, budget) <= 0;
      case GREATER -> ordered(">", left, right, budget) > 0;
      case GREATER_OR_EQUAL -> !nan(left, right) && ordered(">=", left, right, budget) >= 0;
      case IN -> contains(right, left, budget);
      case NOT_IN -> !contains(right, left, budget);
    };
  }

  private static boolean nan(Object left, Object right) {
    return Numbers.isNan(left) || Numbers.isNan(right);
  }

  static boolean equal(Object left, Object right, Budget budget) {
    budget.step();
    if (left instanceof String a && right instanceof String b) {
      return a.equals(b);
    }
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return !nan(left, right) && Numbers.compare(left, right) == 0;
    }
    if (Types.isText(left) && Types.isText(right)) {
      return Types.text(left, "").equals(Types.text(right, ""));
    }
    return switch (left) {
      case SequenceValue.ListValue a ->
          right instanceof SequenceValue.ListValue b && equal(a.items(), b.items(), budget);
      case SequenceValue.TupleValue a ->
          right instanceof SequenceValue.TupleValue b && equal(a.items(), b.items(), budget);
      case DictValue a -> right instanceof DictValue b && equalDicts(a, b, budget);
      case Undefined _ -> right instanceof Undefined;
      default -> left.equals(right);
    };
  }

  private static boolean equal(List<Object> left, List<Object> right, Budget budget) {
    if (left.size() != right.size()) {
      return false;
    }
    budget.enter();
    boolean same = true;
    for (int i = 0; same && i < left.size(); i++) {
      same = equal(left.get(i), right.get(i), budget);
    }
    budget.leave();
    return same;
  }

  private static boolean equalDicts(DictValue left, DictValue right, Budget budget) {
    if (left.size() != right.size()) {
      return false;
    }
    budget.enter();
    boolean same = true;
    Iterator<Object> values = left.values();
    for (Iterator<Object> keys = left.keys(); same && keys.hasNext(); ) {
      Object other = right.get(keys.next(), budget);
      Object value = values.next();
      same = other != null && equal(value, other, budget);
    }
    budget.leave();
    return same;
  }

  /** The order that {@code sorted()} uses; values that have none are an error. */
  static Comparator<Object> natural(Budget budget) {
    return (left, right) -> ordered("<", left, right, budget);
  }

  static int ordered(String operator, Object left, Object right, Budget budget) {
    budget.step();
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.compare(left, right);
    }
    if (Types.isText(left) && Types.isText(right)) {
      return compareText(Types.text(left, ""), Types.text(right, ""));
    }
    if (left instanceof SequenceValue a
        && right instanceof SequenceValue b
        && a.getClass() == b.getClass()) {
      return compareItems(operator, a.items(), b.items(), budget);
    }
    if (left instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (right instanceof Undefined undefined) {
      throw undefined.error();
    }
    throw new EvaluationError(
        "'"
            + operator
            + "' not supported between instances of '"
            + Types.name(left)
            + "' and '"
            + Types.name(right)
            + "'");
  }

  private static int compareItems(
      String operator, List<Object> left, List<Object> right, Budget budget) {
    budget.enter();
    int common = Math.min(left.size(), right.size());
    int at = 0;
    while (at < common && equal(left.get(at), right.get(at), budget)) {
      at++;
    }
    int order =
        at < common
            ? ordered(operator, left.get(at), right.get(at), budget)
            : Integer.compare(left.size(), right.size());
    budget.leave();
    return order;
  }

  /** By code point, which differs from Java's order above U+FFFF. */
  private static int compareText(String left, String right) {
    int common = Math.min(left.length(), right.length());
    for (int i = 0; i < common; i++) {
      char a = left.charAt(i);
      char b = right.charAt(i);
      if (a != b) {
        boolean surrogates = Character.isSurrogate(a) != Character.isSurrogate(b);
        return surrogates ? (Character.isSurrogate(a) ? 1 : -1) : Character.compare(a, b);
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  static boolean contains(Object container, Object item, Budget budget) {
    return switch (container) {
      case String text -> containsText(text, item, budget);
      case Markup markup -> containsText(markup.text(), item, budget);
      case DictValue dict -> dict.get(item, budget) != null;
      case DictView view when view.kind() == DictView.Kind.KEYS ->
          view.dict().get(item, budget) != null;
      case SequenceValue _, DictView _, RangeValue _, IteratorValue _, Undefined _ ->
          containsItem(Iteration.of(container), item, budget);
      default ->
          throw new EvaluationError(
              "argument of type '" + Types.name(container) + "' is not iterable");
    };
  }

  private static boolean containsText(String text, Object part, Budget budget) {
    if (!Types.isText(part)) {
      throw new EvaluationError(
          "'in <string>' requires string as left operand, not " + Types.name(part));
    }
    budget.steps(text.length() / 64);
    return text.contains(Types.text(part, ""));
  }

  private static boolean containsItem(Iterator<Object> items, Object item, Budget budget) {
    while (items.hasNext()) {
      Object candidate = items.next();
      if (candidate == item || equal(candidate, item, budget)) {
        return true;
      }
    }
    return false;
  }
}
