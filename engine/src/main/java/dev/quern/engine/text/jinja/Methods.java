package dev.quern.engine.text.jinja;

import java.math.BigInteger;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which methods the built-in types have. Those that would change a list or dict are hidden. */
final class Methods {
  private static final Set<String> DICT =
      Set.of("copy", "fromkeys", "get", "items", "keys", "values");
  private static final Set<String> DICT_UNSAFE =
      Set.of("clear", "pop", "popitem", "setdefault", "update");
  private static final Set<String> LIST = Set.of("copy", "count", "index");
  private static final Set<String> LIST_UNSAFE =
      Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");
  private static final Set<String> TUPLE = Set.of("count", "index");

  private Methods() {}

  static boolean isDictMethod(String name) {
    return DICT.contains(name) || DICT_UNSAFE.contains(name);
  }

  /** A method or property of a built-in value, or null. */
  static @Nullable Object attribute(Object value, String name) {
    return switch (value) {
      case String _ -> method(value, name, StringMethods.NAMES, Set.of());
      case Markup _ -> method(value, name, StringMethods.MARKUP_NAMES, Set.of());
      case DictValue _ -> method(value, name, DICT, DICT_UNSAFE);
      case SequenceValue.ListValue _ -> method(value, name, LIST, LIST_UNSAFE);
      case SequenceValue.TupleValue _ -> method(value, name, TUPLE, Set.of());
      case SequenceValue.GroupValue group ->
          switch (name) {
            case "grouper" -> group.grouper();
            case "list" -> group.list();
            default -> method(value, name, TUPLE, Set.of());
          };
      case RangeValue range -> rangeAttribute(range, name);
      case Double _ -> numberAttribute(value, name, Set.of("is_integer"));
      case Long _, BigInteger _, Boolean _ -> numberAttribute(value, name, Set.of("bit_length"));
      case LoopContext loop -> loop.property(name);
      default -> null;
    };
  }

  private static @Nullable Object method(
      Object value, String name, Set<String> safe, Set<String> unsafe) {
    if (safe.contains(name)) {
      return new BoundMethod(value, name);
    }
    return unsafe.contains(name) ? Undefined.unsafe(value, name) : null;
  }

  private static @Nullable Object rangeAttribute(RangeValue range, String name) {
    return switch (name) {
      case "start" -> range.start();
      case "stop" -> range.stop();
      case "step" -> range.step();
      default -> method(range, name, TUPLE, Set.of());
    };
  }

  private static @Nullable Object numberAttribute(Object number, String name, Set<String> methods) {
    return switch (name) {
      case "real" -> number;
      case "imag" -> number instanceof Double ? (Object) 0.0 : 0L;
      case "numerator", "denominator" ->
          number instanceof Double ? null : name.equals("numerator") ? number : (Object) 1L;
      default -> method(number, name, methods, Set.of());
    };
  }

  static Object call(Interpreter interpreter, Object receiver, String name, Arguments arguments) {
    Budget budget = interpreter.budget();
    return switch (receiver) {
      case String text -> StringMethods.call(interpreter, text, name, arguments);
      case Markup markup -> StringMethods.callMarkup(interpreter, markup, name, arguments);
      case DictValue dict -> dictMethod(budget, dict, name, arguments);
      case Double number -> number == Math.rint(number) && !Double.isInfinite(number);
      case Long _, BigInteger _, Boolean _ -> (long) Numbers.big(receiver).abs().bitLength();
      default -> sequenceMethod(budget, receiver, name, arguments);
    };
  }

  private static Object dictMethod(
      Budget budget, DictValue dict, String name, Arguments arguments) {
    return switch (name) {
      case "items" -> view(dict, DictView.Kind.ITEMS, name, arguments);
      case "keys" -> view(dict, DictView.Kind.KEYS, name, arguments);
      case "values" -> view(dict, DictView.Kind.VALUES, name, arguments);
      case "get" -> {
        Arguments.Bound bound = arguments.bind("get", 1, "key", "default");
        Object value = dict.get(bound.get(0), budget);
        yield value == null ? bound.get(1) : value;
      }
      case "copy" -> {
        arguments.bind("copy", 0);
        budget.allocate(dict.size());
        DictValue copy = new DictValue();
        copy.putAll(dict);
        yield copy;
      }
      default -> fromKeys(budget, arguments);
    };
  }

  private static DictView view(
      DictValue dict, DictView.Kind kind, String name, Arguments arguments) {
    arguments.bind(name, 0);
    return new DictView(dict, kind);
  }

  static DictValue fromKeys(Budget budget, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("fromkeys", 1, "iterable", "value");
    DictValue dict = new DictValue();
    for (Object key : Iteration.list(bound.get(0), budget)) {
      budget.allocate(1);
      dict.put(key, bound.get(1), budget);
    }
    return dict;
  }

  private static Object sequenceMethod(
      Budget budget, Object sequence, String name, Arguments arguments) {
    var items = Iteration.list(sequence, budget);
    switch (name) {
      case "copy" -> {
        return sequence;
      }
      case "count" -> {
        Object wanted = arguments.bind("count", 1, "value").get(0);
        return items.stream().filter(item -> Comparisons.equal(item, wanted, budget)).count();
      }
      default -> {
        Arguments.Bound bound = arguments.bind("index", 1, "value", "start", "stop");
        int size = items.size();
        int start = bound.integer(1, 0);
        int stop = bound.integer(2, size);
        start = start < 0 ? Math.max(0, start + size) : start;
        stop = stop < 0 ? stop + size : Math.min(stop, size);
        for (int i = start; i < stop; i++) {
          if (Comparisons.equal(items.get(i), bound.get(0), budget)) {
            return (long) i;
          }
        }
        throw new EvaluationError(
            Printer.repr(bound.get(0), budget) + " is not in " + Types.name(sequence));
      }
    }
  }
}
