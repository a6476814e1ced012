package dev.quern.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code value.name}, {@code value[index]} and {@code value[start:stop:step]} in the sandbox. */
final class Subscripts {
  private Subscripts() {}

  /** {@code value.name}: an attribute, else an item. */
  static Object attribute(Interpreter interpreter, Object value, String name) {
    Object found = own(interpreter, value, name);
    if (found != null) {
      return found;
    }
    if (value instanceof DictValue dict) {
      Object item = dict.get(name);
      if (item != null) {
        return item;
      }
    }
    return missing(value, name);
  }

  /** {@code value|attr(name)}: an attribute alone. */
  static Object attributeOnly(Interpreter interpreter, Object value, String name) {
    Object found = own(interpreter, value, name);
    return found == null ? missing(value, name) : found;
  }

  private static Object missing(Object value, String name) {
    return isInternal(name) ? Undefined.unsafe(value, name) : Undefined.attribute(value, name);
  }

  private static boolean isInternal(String name) {
    return name.length() > 4 && name.startsWith("__") && name.endsWith("__");
  }

  /** An attribute of the value itself, or null. */
  private static @Nullable Object own(Interpreter interpreter, Object value, String name) {
    return switch (value) {
      case Undefined undefined -> throw undefined.error();
      case DictValue _ when !Methods.isDictMethod(name) -> null;
      case NamespaceValue namespace -> {
        Object attribute = namespace.attributes().get(name);
        boolean hidden = attribute != null && name.startsWith("_");
        yield hidden ? Undefined.unsafe(value, name) : attribute;
      }
      case Callable callable -> {
        Object attribute = callable.attribute(interpreter, name);
        yield attribute instanceof Undefined ? null : attribute;
      }
      default -> Methods.attribute(value, name);
    };
  }

  /** {@code value[index]}: an item, else an attribute. */
  static Object item(Interpreter interpreter, Object value, Object index) {
    Object found = ownItem(interpreter.budget(), value, index);
    if (found != null) {
      return found;
    }
    if (!Types.isText(index)) {
      return Undefined.element(value, index);
    }
    String name = Types.text(index, "");
    Object attribute = own(interpreter, value, name);
    return attribute == null ? missing(value, name) : attribute;
  }

  private static @Nullable Object ownItem(Budget budget, Object value, Object index) {
    return switch (value) {
      case Undefined undefined -> throw undefined.error();
      case DictValue dict -> index instanceof String key ? dict.get(key) : key(budget, dict, index);
      case SequenceValue sequence when Numbers.isWhole(index) -> {
        int at = place(index, sequence.items().size());
        yield at < 0 ? null : sequence.items().get(at);
      }
      case RangeValue range when Numbers.isWhole(index) -> {
        int at = place(index, range.size());
        yield at < 0 ? null : range.get(at);
      }
      case String text when Numbers.isWhole(index) -> character(text, index);
      case Markup markup when Numbers.isWhole(index) -> {
        String character = character(markup.text(), index);
        yield character == null ? null : new Markup(character);
      }
      default -> null;
    };
  }

  /** An unhashable key is no key of a dict: the sandbox answers it with undefined. */
  private static @Nullable Object key(Budget budget, DictValue dict, Object index) {
    boolean unhashable = index instanceof SequenceValue.ListValue || index instanceof DictValue;
    return unhashable ? null : dict.get(index, budget);
  }

  private static int place(Object index, int length) {
    int at = Numbers.index(index);
    int place = at < 0 ? at + length : at;
    return place >= 0 && place < length ? place : -1;
  }

  private static @Nullable String character(String text, Object index) {
    int at = place(index, text.codePointCount(0, text.length()));
    if (at < 0) {
      return null;
    }
    return Character.toString(text.codePointAt(text.offsetByCodePoints(0, at)));
  }

  static Object slice(Object value, Object start, Object stop, Object step, Budget budget) {
    return switch (value) {
      case Undefined undefined -> throw undefined.error();
      case String text -> slice(text, start, stop, step, budget);
      case Markup markup -> new Markup(slice(markup.text(), start, stop, step, budget));
      case SequenceValue sequence -> {
        List<Object> items = sequence.items();
        Bounds bounds = Bounds.of(start, stop, step, items.size());
        budget.allocate(bounds.count());
        List<Object> part = new ArrayList<>(bounds.count());
        for (int i = 0; i < bounds.count(); i++) {
          part.add(items.get(bounds.first() + i * bounds.step()));
        }
        yield sequence.with(part);
      }
      case RangeValue range -> {
        Bounds bounds = Bounds.of(start, stop, step, range.size());
        long first = range.start() + bounds.first() * range.step();
        long stride = range.step() * bounds.step();
        yield new RangeValue(first, first + bounds.count() * stride, stride);
      }
      default ->
          throw new EvaluationError("'" + Types.name(value) + "' object is not subscriptable");
    };
  }

  private static String slice(String text, Object start, Object stop, Object step, Budget budget) {
    int length = text.codePointCount(0, text.length());
    Bounds bounds = Bounds.of(start, stop, step, length);
    budget.allocate(bounds.count());
    if (bounds.step() == 1) {
      int from = text.offsetByCodePoints(0, bounds.first());
      return text.substring(from, text.offsetByCodePoints(from, bounds.count()));
    }
    int[] characters = text.codePoints().toArray();
    StringBuilder part = new StringBuilder();
    for (int i = 0; i < bounds.count(); i++) {
      part.appendCodePoint(characters[bounds.first() + i * bounds.step()]);
    }
    return part.toString();
  }

  /** A slice of something of a known length. */
  private record Bounds(int first, int count, int step) {
    static Bounds of(Object start, Object stop, Object step, int length) {
      int stride = step == None.NONE ? 1 : Numbers.index(requireWhole(step));
      if (stride == 0) {
        throw new EvaluationError("slice step cannot be zero");
      }
      int low = stride > 0 ? 0 : -1;
      int high = stride > 0 ? length : length - 1;
      int from = bound(start, length, low, high, stride > 0 ? low : high);
      int to = bound(stop, length, low, high, stride > 0 ? high : low);
      long distance = stride > 0 ? (long) to - from : (long) from - to;
      long size = Math.abs((long) stride);
      int count = distance <= 0 ? 0 : (int) ((distance + size - 1) / size);
      return new Bounds(count == 0 ? 0 : from, count, count < 2 ? 1 : stride);
    }

    private static int bound(Object given, int length, int low, int high, int otherwise) {
      if (given == None.NONE) {
        return otherwise;
      }
      int value = Numbers.index(requireWhole(given));
      return Math.clamp(value < 0 ? (long) value + length : value, low, Math.max(low, high));
    }

    private static Object requireWhole(Object value) {
      if (!Numbers.isWhole(value)) {
        throw new EvaluationError(
            "slice indices must be integers or None or have an __index__ method");
      }
      return value;
    }
  }
}
