package dev.quern.engine.text.jinja;

import java.util.Iterator;

/** Python's {@code str()} and {@code repr()}. */
final class Printer {
  private final StringBuilder text = new StringBuilder();
  private final Budget budget;

  private Printer(Budget budget) {
    this.budget = budget;
  }

  static String str(Object value, Budget budget) {
    return switch (value) {
      case String text -> text;
      case Markup markup -> markup.text();
      case Undefined _ -> "";
      case Long number -> number.toString();
      default -> repr(value, budget);
    };
  }

  static String repr(Object value, Budget budget) {
    Printer printer = new Printer(budget);
    printer.value(value);
    return printer.text.toString();
  }

  private void append(String part) {
    budget.allocate(part.length());
    text.append(part);
  }

  private void value(Object value) {
    budget.step();
    switch (value) {
      case String string -> append(quote(string));
      case Markup markup -> append("Markup(" + quote(markup.text()) + ")");
      case Boolean bool -> append(bool ? "True" : "False");
      case None _ -> append("None");
      case Double number -> append(PythonFloat.repr(number));
      case Undefined _ -> append("Undefined");
      case SequenceValue.ListValue list -> items("[", list.items().iterator(), "]");
      case SequenceValue.TupleValue tuple ->
          items("(", tuple.items().iterator(), tuple.items().size() == 1 ? ",)" : ")");
      case SequenceValue.GroupValue group -> items("(", group.items().iterator(), ")");
      case DictValue dict -> dict(dict);
      case DictView view -> items(Types.name(view) + "([", view.iterator(), "])");
      case NamespaceValue namespace -> namespace(namespace);
      case RangeValue range -> append(range(range));
      case LoopContext loop -> append("<LoopContext " + loop.place() + ">");
      case Callable callable -> append("<" + callable.type() + ">");
      case IteratorValue iterator -> append("<" + iterator.type() + " object>");
      default -> append(value.toString());
    }
  }

  private static String range(RangeValue range) {
    String ends = "range(" + range.start() + ", " + range.stop();
    return range.step() == 1 ? ends + ")" : ends + ", " + range.step() + ")";
  }

  private void items(String open, Iterator<Object> items, String close) {
    budget.enter();
    append(open);
    for (boolean first = true; items.hasNext(); first = false) {
      append(first ? "" : ", ");
      value(items.next());
    }
    append(close);
    budget.leave();
  }

  private void dict(DictValue dict) {
    budget.enter();
    append("{");
    Iterator<Object> values = dict.values();
    boolean first = true;
    for (Iterator<Object> keys = dict.keys(); keys.hasNext(); first = false) {
      append(first ? "" : ", ");
      value(keys.next());
      append(": ");
      value(values.next());
    }
    append("}");
    budget.leave();
  }

  private void namespace(NamespaceValue namespace) {
    budget.enter();
    append("<Namespace {");
    String separator = "";
    for (var entry : namespace.attributes().entrySet()) {
      append(separator + quote(entry.getKey()) + ": ");
      value(entry.getValue());
      separator = ", ";
    }
    append("}>");
    budget.leave();
  }

  /** A string literal that reads back as {@code value}: single quotes where they do. */
  static String quote(String value) {
    char quote = value.indexOf('\'') >= 0 && value.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder quoted = new StringBuilder(value.length() + 2).append(quote);
    value.codePoints().forEach(c -> quoteCharacter(quoted, c, quote));
    return quoted.append(quote).toString();
  }

  private static void quoteCharacter(StringBuilder quoted, int c, char quote) {
    switch (c) {
      case '\\' -> quoted.append("\\\\");
      case '\n' -> quoted.append("\\n");
      case '\r' -> quoted.append("\\r");
      case '\t' -> quoted.append("\\t");
      default -> {
        if (c == quote) {
          quoted.append('\\').append(quote);
        } else if (PythonStrings.isPrintable(c)) {
          quoted.appendCodePoint(c);
        } else if (c < 0x100) {
          quoted.append(String.format("\\x%02x", c));
        } else {
          quoted.append(String.format(c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
        }
      }
    }
  }
}
