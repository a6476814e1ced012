package dev.quern.engine.text.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values given in a call. */
record Arguments(List<Object> positional, Map<String, Object> keywords) {
  static final Arguments NOTHING = new Arguments(List.of(), Map.of());

  static Arguments of(Object... positional) {
    return new Arguments(List.of(positional), Map.of());
  }

  Arguments withoutFirst() {
    return new Arguments(positional.subList(1, positional.size()), keywords);
  }

  /** Python's way of filling parameters: by place, then by name. */
  Bound bind(String function, int required, String... parameters) {
    if (positional.size() > parameters.length) {
      throw new EvaluationError(
          function
              + "() takes at most "
              + parameters.length
              + " arguments ("
              + positional.size()
              + " given)");
    }
    Map<String, Object> rest = keywords;
    @Nullable Object[] values = new @Nullable Object[parameters.length];
    for (int i = 0; i < parameters.length; i++) {
      boolean named = rest.containsKey(parameters[i]);
      if (named && i < positional.size()) {
        throw new EvaluationError(
            function + "() got multiple values for argument '" + parameters[i] + "'");
      }
      if (named) {
        rest = rest == keywords ? new HashMap<>(keywords) : rest;
        values[i] = rest.remove(parameters[i]);
      } else if (i < positional.size()) {
        values[i] = positional.get(i);
      } else if (i < required) {
        throw new EvaluationError(
            function + "() missing required argument: '" + parameters[i] + "'");
      }
    }
    if (!rest.isEmpty()) {
      throw new EvaluationError(
          function
              + "() got an unexpected keyword argument '"
              + rest.keySet().iterator().next()
              + "'");
    }
    return new Bound(function, values);
  }

  /** Arguments in the order of a function's parameters; those not given have their default. */
  record Bound(String function, @Nullable Object[] values) {
    boolean has(int index) {
      return values[index] != null;
    }

    Object get(int index) {
      return get(index, None.NONE);
    }

    Object get(int index, Object otherwise) {
      Object value = values[index];
      return value == null ? otherwise : value;
    }

    boolean isNone(int index) {
      return get(index) == None.NONE;
    }

    boolean truth(int index, boolean otherwise) {
      Object value = values[index];
      return value == null ? otherwise : Types.truth(value);
    }

    int integer(int index, int otherwise) {
      Object value = values[index];
      return value == null ? otherwise : Numbers.index(value);
    }

    /** A text argument: must be a string. */
    String text(int index) {
      return Types.text(get(index), function + "() argument");
    }

    String text(int index, String otherwise) {
      return has(index) ? text(index) : otherwise;
    }

    /** A text argument that may be None, which is null here. */
    @Nullable String optionalText(int index) {
      return isNone(index) ? null : text(index);
    }
  }
}
