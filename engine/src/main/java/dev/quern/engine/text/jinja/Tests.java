package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Expression.Operator;
import dev.quern.engine.text.jinja.Expression.Relation;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/** All tests by name, as Jinja has them. */
final class Tests {
  private static final Map<String, Test> ALL = all();

  private Tests() {}

  private static Map<String, Test> all() {
    Map<String, Test> tests = new HashMap<>();
    types(tests);
    relations(tests);
    tests.put("odd", (in, value, given) -> remainder(in, value, 2L) != 0);
    tests.put("even", (in, value, given) -> remainder(in, value, 2L) == 0);
    tests.put(
        "divisibleby",
        (in, value, given) ->
            remainder(in, value, given.bind("divisibleby", 1, "num").get(0)) == 0);
    tests.put("lower", text((in, text) -> PythonStrings.isLower(text)));
    tests.put("upper", text((in, text) -> PythonStrings.isUpper(text)));
    tests.put("filter", (in, value, given) -> Filters.exists(Printer.str(value, in.budget())));
    tests.put("test", (in, value, given) -> exists(Printer.str(value, in.budget())));
    tests.put("sameas", Tests::same);
    return Map.copyOf(tests);
  }

  private static void types(Map<String, Test> tests) {
    tests.put("defined", type("defined", value -> !(value instanceof Undefined)));
    tests.put("undefined", type("undefined", value -> value instanceof Undefined));
    tests.put("none", type("none", value -> value == None.NONE));
    tests.put("boolean", type("boolean", value -> value instanceof Boolean));
    tests.put("true", type("true", value -> value.equals(true)));
    tests.put("false", type("false", value -> value.equals(false)));
    tests.put(
        "integer", type("integer", value -> Numbers.isWhole(value) && !(value instanceof Boolean)));
    tests.put("float", type("float", value -> value instanceof Double));
    tests.put("number", type("number", Numbers::isNumber));
    tests.put("string", type("string", Types::isText));
    tests.put("mapping", type("mapping", value -> value instanceof DictValue));
    tests.put("sequence", type("sequence", Tests::isSequence));
    tests.put("iterable", type("iterable", Iteration::isIterable));
    tests.put("callable", type("callable", Tests::isCallable));
    tests.put("escaped", type("escaped", value -> value instanceof Markup));
  }

  private static void relations(Map<String, Test> tests) {
    for (String name : new String[] {"==", "eq", "equalto"}) {
      tests.put(name, relation(name, Relation.EQUAL));
    }
    for (String name : new String[] {"!=", "ne"}) {
      tests.put(name, relation(name, Relation.NOT_EQUAL));
    }
    for (String name : new String[] {">", "gt", "greaterthan"}) {
      tests.put(name, relation(name, Relation.GREATER));
    }
    for (String name : new String[] {">=", "ge"}) {
      tests.put(name, relation(name, Relation.GREATER_OR_EQUAL));
    }
    for (String name : new String[] {"<", "lt", "lessthan"}) {
      tests.put(name, relation(name, Relation.LESS));
    }
    for (String name : new String[] {"<=", "le"}) {
      tests.put(name, relation(name, Relation.LESS_OR_EQUAL));
    }
    tests.put("in", relation("in", Relation.IN));
  }

  static boolean exists(String name) {
    return ALL.containsKey(name);
  }

  static Test get(String name) {
    Test test = ALL.get(name);
    if (test == null) {
      throw new EvaluationError("No test named '" + name + "' found.");
    }
    return test;
  }

  private static Test type(String name, Predicate<Object> predicate) {
    return (in, value, given) -> {
      given.bind(name, 0);
      return predicate.test(value);
    };
  }

  private static Test text(BiPredicate<Interpreter, String> predicate) {
    return (in, value, given) -> predicate.test(in, Printer.str(value, in.budget()));
  }

  private static Test relation(String name, Relation relation) {
    return (in, value, given) ->
        Comparisons.holds(relation, value, given.bind(name, 1, "other").get(0), in.budget());
  }

  private static double remainder(Interpreter in, Object value, Object divisor) {
    Object rest = Operators.apply(Operator.MODULO, value, divisor, in.budget());
    return Numbers.isNumber(rest) ? Numbers.real(rest) : 1;
  }

  private static boolean isSequence(Object value) {
    return Iteration.isSized(value) && !(value instanceof DictView || value instanceof LoopContext);
  }

  private static boolean isCallable(Object value) {
    // Undefined has a call operator, if one that always fails.
    return value instanceof Callable || value instanceof Undefined;
  }

  private static boolean same(Interpreter in, Object value, Arguments given) {
    Object other = given.bind("sameas", 1, "other").get(0);
    boolean scalar =
        value instanceof Boolean
            || value instanceof Long
            || value instanceof None
            || value instanceof String;
    return scalar ? value.equals(other) : identical(value, other);
  }

  private static boolean identical(Object value, Object other) {
    return System.identityHashCode(value) == System.identityHashCode(other)
        && Objects.equals(value, other);
  }
}
