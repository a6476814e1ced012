package dev.quern.engine.text.jinja;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** {@code map}, {@code select}, {@code reject} and their attribute forms: lazy, read once. */
final class SelectionFilters {
  private SelectionFilters() {}

  static void register(Map<String, Filter> filters) {
    filters.put("map", SelectionFilters::map);
    filters.put("select", (in, value, given) -> select(in, value, given, true, false));
    filters.put("reject", (in, value, given) -> select(in, value, given, false, false));
    filters.put("selectattr", (in, value, given) -> select(in, value, given, true, true));
    filters.put("rejectattr", (in, value, given) -> select(in, value, given, false, true));
  }

  private static Object lazy(
      Interpreter in, Object value, Function<Object, @Nullable Object> function) {
    return new IteratorValue(new LazyIterator(in.budget(), Iteration.of(value), function));
  }

  private static Object map(Interpreter in, Object value, Arguments given) {
    if (!Types.truth(value)) {
      return new IteratorValue(Collections.emptyIterator());
    }
    Function<Object, @Nullable Object> function = mapping(in, given);
    return lazy(in, value, function);
  }

  private static Function<Object, @Nullable Object> mapping(Interpreter in, Arguments given) {
    if (!given.positional().isEmpty()) {
      Filter filter = Filters.get(Types.text(given.positional().getFirst(), "filter name"));
      Arguments rest = given.withoutFirst();
      return item -> filter.apply(in, item, rest);
    }
    Map<String, Object> keywords = new HashMap<>(given.keywords());
    Object attribute = keywords.remove("attribute");
    Object otherwise = keywords.remove("default");
    if (attribute == null) {
      throw new EvaluationError("map requires a filter argument");
    }
    if (!keywords.isEmpty()) {
      throw new EvaluationError(
          "Unexpected keyword argument '" + keywords.keySet().iterator().next() + "'");
    }
    AttributePath path = AttributePath.of(attribute);
    return item -> path.get(in, item, otherwise == null ? None.NONE : otherwise);
  }

  private static Object select(
      Interpreter in, Object value, Arguments given, boolean wanted, boolean byAttribute) {
    if (!Types.truth(value)) {
      return new IteratorValue(Collections.emptyIterator());
    }
    if (byAttribute && given.positional().isEmpty()) {
      throw new EvaluationError("Missing parameter for attribute name");
    }
    AttributePath path =
        byAttribute ? AttributePath.of(given.positional().getFirst()) : AttributePath.of(None.NONE);
    Arguments rest = byAttribute ? given.withoutFirst() : given;
    if (rest.positional().isEmpty()) {
      return lazy(in, value, item -> Types.truth(path.get(in, item)) == wanted ? item : null);
    }
    Test test = Tests.get(Types.text(rest.positional().getFirst(), "test name"));
    Arguments operands = rest.withoutFirst();
    return lazy(
        in, value, item -> test.holds(in, path.get(in, item), operands) == wanted ? item : null);
  }
}
