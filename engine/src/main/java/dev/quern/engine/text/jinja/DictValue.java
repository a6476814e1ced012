package dev.quern.engine.text.jinja;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A dict in order of insertion. Filled by whoever makes it, then left alone: the sandbox has no way
 * to change it.
 */
final class DictValue {
  private final Map<Object, Object> entries = new LinkedHashMap<>();

  /**
   * A key that is not a string.
   *
   * @param canonical equal for keys that Python holds equal, as 1, 1.0 and True
   */
  private record Key(Object original, Object canonical) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key && key.canonical.equals(canonical);
    }

    @Override
    public int hashCode() {
      return canonical.hashCode();
    }
  }

  int size() {
    return entries.size();
  }

  void put(Object key, Object value, Budget budget) {
    Object form = form(key, budget);
    // An equal key stays as it was first written, as in Python.
    entries.put(form, value);
  }

  @Nullable Object get(String key) {
    return entries.get(key);
  }

  /** The value of {@code key} or null; an unhashable key is an error. */
  @Nullable Object get(Object key, Budget budget) {
    return entries.get(form(key, budget));
  }

  Iterator<Object> keys() {
    return entries.keySet().stream().map(DictValue::original).iterator();
  }

  Iterator<Object> values() {
    return entries.values().iterator();
  }

  /** The entries as tuples of two. */
  Iterator<Object> items() {
    return entries.entrySet().stream().<Object>map(DictValue::pair).iterator();
  }

  private static Object pair(Map.Entry<Object, Object> entry) {
    return new SequenceValue.TupleValue(List.of(original(entry.getKey()), entry.getValue()));
  }

  void putAll(DictValue other) {
    entries.putAll(other.entries);
  }

  private static Object original(Object form) {
    return form instanceof Key key ? key.original() : form;
  }

  static void requireHashable(Object key, Budget budget) {
    form(key, budget);
  }

  /** What {@link java.util.HashMap} may compare in place of {@code key}. */
  static Object form(Object key, Budget budget) {
    return switch (key) {
      case String text -> text;
      case Markup markup -> markup.text();
      case None none -> none;
      case Long number -> new Key(key, number);
      case Boolean bool -> new Key(key, bool ? 1L : 0L);
      case Double number -> new Key(key, Numbers.canonical(number));
      case SequenceValue.TupleValue tuple -> new Key(key, tupleForm(tuple, budget));
      case SequenceValue.ListValue _, DictValue _ ->
          throw new EvaluationError("unhashable type: '" + Types.name(key) + "'");
      case Undefined _ -> new Key(key, Undefined.class);
      default -> new Key(key, key);
    };
  }

  private static Object tupleForm(SequenceValue.TupleValue tuple, Budget budget) {
    budget.enter();
    budget.steps(tuple.items().size() + 1L);
    List<Object> form = tuple.items().stream().map(item -> form(item, budget)).toList();
    budget.leave();
    return form;
  }
}
