package dev.quern.engine.text.jinja;

import java.util.HashMap;
import java.util.Map;

/** All filters by name: Jinja's own and the {@code tojson} of chat templates. */
final class Filters {
  private static final Map<String, Filter> ALL = all();

  private Filters() {}

  private static Map<String, Filter> all() {
    Map<String, Filter> filters = new HashMap<>();
    TextFilters.register(filters);
    SequenceFilters.register(filters);
    NumberFilters.register(filters);
    SelectionFilters.register(filters);
    filters.put("default", Filters::orElse);
    filters.put("d", Filters::orElse);
    filters.put(
        "attr",
        (interpreter, value, arguments) ->
            Subscripts.attributeOnly(
                interpreter, value, arguments.bind("attr", 1, "name").text(0)));
    filters.put(
        "tojson",
        (interpreter, value, arguments) ->
            JsonWriter.write(value, arguments, interpreter.budget()));
    return Map.copyOf(filters);
  }

  static boolean exists(String name) {
    return ALL.containsKey(name);
  }

  static Filter get(String name) {
    Filter filter = ALL.get(name);
    if (filter == null) {
      throw new EvaluationError("No filter named '" + name + "' found.");
    }
    return filter;
  }

  private static Object orElse(Interpreter interpreter, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("default", 0, "default_value", "boolean");
    boolean replaced = value instanceof Undefined || (bound.truth(1, false) && !Types.truth(value));
    return replaced ? bound.get(0, "") : value;
  }
}
