package dev.quern.engine.text.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Java's values as a template's. */
final class Values {
  private Values() {}

  /** A copy of {@code value} that the template cannot change the original through. */
  static Object of(@Nullable Object value, Budget budget) {
    return switch (value) {
      case null -> None.NONE;
      case String text -> text;
      case Boolean bool -> bool;
      case Long number -> number;
      case Integer number -> number.longValue();
      case Short number -> number.longValue();
      case Byte number -> number.longValue();
      case BigInteger number -> Numbers.normal(number);
      case Double number -> number;
      case Float number -> number.doubleValue();
      case BigDecimal number -> number.doubleValue();
      case List<?> list -> list(list, budget);
      case Map<?, ?> map -> dict(map, budget);
      default ->
          throw new IllegalArgumentException(
              "a template's variable cannot be a " + value.getClass().getName());
    };
  }

  private static Object list(List<?> list, Budget budget) {
    budget.enter();
    List<Object> items = new ArrayList<>(list.size());
    list.forEach(item -> items.add(of(item, budget)));
    budget.leave();
    return new SequenceValue.ListValue(items);
  }

  private static Object dict(Map<?, ?> map, Budget budget) {
    budget.enter();
    DictValue dict = new DictValue();
    map.forEach((key, value) -> dict.put(of(key, budget), of(value, budget), budget));
    budget.leave();
    return dict;
  }
}
