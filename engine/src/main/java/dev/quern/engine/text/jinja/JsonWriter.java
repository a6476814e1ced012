package dev.quern.engine.text.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code tojson} as chat templates have it: Python's {@code json.dumps}, nothing escaped for HTML.
 */
final class JsonWriter {
  private final StringBuilder json = new StringBuilder();
  private final Budget budget;
  private final boolean ascii;
  private final boolean sortKeys;
  private final @Nullable String indent;
  private final String itemSeparator;
  private final String keySeparator;

  private JsonWriter(Arguments.Bound options, Budget budget) {
    this.budget = budget;
    this.ascii = options.truth(0, false);
    this.indent = indent(options.get(1), budget);
    this.sortKeys = options.truth(3, false);
    if (options.isNone(2)) {
      this.itemSeparator = indent == null ? ", " : ",";
      this.keySeparator = ": ";
    } else {
      List<Object> pair = Iteration.list(options.get(2), budget);
      if (pair.size() != 2) {
        throw new EvaluationError("separators must be a pair of strings");
      }
      this.itemSeparator = Types.text(pair.get(0), "separator");
      this.keySeparator = Types.text(pair.get(1), "separator");
    }
  }

  private static @Nullable String indent(Object given, Budget budget) {
    if (given == None.NONE) {
      return null;
    }
    return Types.isText(given)
        ? Types.text(given, "")
        : Operators.repeat(" ", Numbers.index(given), budget);
  }

  static String write(Object value, Arguments arguments, Budget budget) {
    Arguments.Bound options =
        arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
    JsonWriter writer = new JsonWriter(options, budget);
    writer.value(value, 0);
    return writer.json.toString();
  }

  private void append(String part) {
    budget.allocate(part.length());
    json.append(part);
  }

  private void value(Object value, int depth) {
    budget.step();
    switch (value) {
      case String text -> quote(text);
      case Markup markup -> quote(markup.text());
      case Boolean _, None _, Double _, Long _, BigInteger _ -> append(scalar(value));
      case SequenceValue sequence -> list(sequence.items(), depth);
      case DictValue dict -> dict(dict, depth);
      default ->
          throw new EvaluationError(
              "Object of type " + Types.name(value) + " is not JSON serializable");
    }
  }

  private static String scalar(Object value) {
    return switch (value) {
      case Boolean bool -> bool ? "true" : "false";
      case None _ -> "null";
      case Double number when Double.isNaN(number) -> "NaN";
      case Double number when Double.isInfinite(number) -> number > 0 ? "Infinity" : "-Infinity";
      case Double number -> PythonFloat.repr(number);
      default -> value.toString();
    };
  }

  private void list(List<Object> items, int depth) {
    if (items.isEmpty()) {
      append("[]");
      return;
    }
    budget.enter();
    append("[");
    boolean first = true;
    for (Object item : items) {
      separate(first, depth + 1);
      value(item, depth + 1);
      first = false;
    }
    close("]", depth);
    budget.leave();
  }

  private void separate(boolean first, int depth) {
    append(first ? "" : itemSeparator);
    newLine(depth);
  }

  private void newLine(int depth) {
    if (indent != null) {
      append("\n");
      append(Operators.repeat(indent, depth, budget));
    }
  }

  private void close(String bracket, int depth) {
    newLine(depth);
    append(bracket);
  }

  private void dict(DictValue dict, int depth) {
    if (dict.size() == 0) {
      append("{}");
      return;
    }
    budget.enter();
    append("{");
    boolean first = true;
    for (Map.Entry<Object, Object> entry : entries(dict)) {
      separate(first, depth + 1);
      quote(key(entry.getKey()));
      append(keySeparator);
      value(entry.getValue(), depth + 1);
      first = false;
    }
    close("}", depth);
    budget.leave();
  }

  private List<Map.Entry<Object, Object>> entries(DictValue dict) {
    List<Map.Entry<Object, Object>> entries = new ArrayList<>(dict.size());
    Iterator<Object> values = dict.values();
    dict.keys().forEachRemaining(key -> entries.add(Map.entry(key, values.next())));
    if (sortKeys) {
      Comparator<Object> order = Comparisons.natural(budget);
      entries.sort((left, right) -> order.compare(left.getKey(), right.getKey()));
    }
    return entries;
  }

  private static String key(Object key) {
    return switch (key) {
      case String text -> text;
      case Markup markup -> markup.text();
      case Boolean _, None _, Double _, Long _, BigInteger _ -> scalar(key);
      default ->
          throw new EvaluationError(
              "keys must be str, int, float, bool or None, not " + Types.name(key));
    };
  }

  private void quote(String text) {
    budget.allocate(text.length() + 2L);
    json.append('"');
    int plain = 0;
    for (int at = 0; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c < ' ' || c == '"' || c == '\\' || (ascii && c > '~')) {
        json.append(text, plain, at);
        escape(c);
        plain = at + 1;
      }
    }
    json.append(text, plain, text.length()).append('"');
  }

  private void escape(char c) {
    budget.allocate(6);
    switch (c) {
      case '"' -> json.append("\\\"");
      case '\\' -> json.append("\\\\");
      case '\n' -> json.append("\\n");
      case '\r' -> json.append("\\r");
      case '\t' -> json.append("\\t");
      case '\f' -> json.append("\\f");
      case '\b' -> json.append("\\b");
      default -> json.append(String.format("\\u%04x", (int) c));
    }
  }

  /** Python's {@code ascii()} of a text: what is beyond ASCII as escapes. */
  static String ascii(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (c < 0x80) {
                escaped.appendCodePoint(c);
              } else if (c < 0x100) {
                escaped.append(String.format("\\x%02x", c));
              } else {
                escaped.append(String.format(c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
              }
            });
    return escaped.toString();
  }
}
