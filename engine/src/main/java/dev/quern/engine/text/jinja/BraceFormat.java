package dev.quern.engine.text.jinja;

/** {@code str.format}: fields by place or name, attributes and items, conversions and specs. */
final class BraceFormat {
  private final Interpreter interpreter;
  private final Arguments arguments;
  private final boolean markup;
  private int automatic;

  private BraceFormat(Interpreter interpreter, Arguments arguments, boolean markup) {
    this.interpreter = interpreter;
    this.arguments = arguments;
    this.markup = markup;
  }

  static String format(Interpreter interpreter, String text, Arguments arguments) {
    return new BraceFormat(interpreter, arguments, false).format(text, 2);
  }

  /** The same on markup: what is filled in is escaped. */
  static String formatMarkup(Interpreter interpreter, String text, Arguments arguments) {
    return new BraceFormat(interpreter, arguments, true).format(text, 2);
  }

  private String format(String text, int depth) {
    if (depth < 0) {
      throw new EvaluationError("Max string recursion exceeded");
    }
    StringBuilder result = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if ((c == '{' || c == '}') && at < text.length() && text.charAt(at) == c) {
        result.append(c);
        at++;
      } else if (c == '}') {
        throw new EvaluationError("Single '}' encountered in format string");
      } else if (c == '{') {
        int end = fieldEnd(text, at);
        String field = field(text.substring(at, end), depth);
        interpreter.budget().allocate(field.length());
        result.append(field);
        at = end + 1;
      } else {
        result.append(c);
      }
    }
    interpreter.budget().allocate(result.length());
    return result.toString();
  }

  private static int fieldEnd(String text, int from) {
    int open = 1;
    for (int at = from; at < text.length(); at++) {
      char c = text.charAt(at);
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open == 0) {
        return at;
      }
    }
    throw new EvaluationError(
        from >= text.length()
            ? "Single '{' encountered in format string"
            : "expected '}' before end of string");
  }

  private String field(String field, int depth) {
    int end = nameEnd(field);
    Object value = value(field.substring(0, end));
    String rest = field.substring(end);
    if (rest.startsWith("!")) {
      if (rest.length() < 2 || (rest.length() > 2 && rest.charAt(2) != ':')) {
        throw new EvaluationError("expected ':' after conversion specifier");
      }
      value = convert(value, rest.charAt(1));
      rest = rest.substring(2);
    }
    String specification = rest.isEmpty() ? "" : format(rest.substring(1), depth - 1);
    if (markup && value instanceof Markup marked && specification.isEmpty()) {
      return marked.text();
    }
    String formatted = FormatSpec.format(value, specification, interpreter.budget());
    return markup ? Markup.escapeText(formatted) : formatted;
  }

  private static int nameEnd(String field) {
    boolean bracket = false;
    for (int at = 0; at < field.length(); at++) {
      char c = field.charAt(at);
      bracket = bracket ? c != ']' : c == '[';
      if (!bracket && (c == '!' || c == ':')) {
        return at;
      }
    }
    return field.length();
  }

  private Object convert(Object value, char conversion) {
    return switch (conversion) {
      case 's' -> Printer.str(value, interpreter.budget());
      case 'r' -> Printer.repr(value, interpreter.budget());
      case 'a' -> JsonWriter.ascii(Printer.repr(value, interpreter.budget()));
      default -> throw new EvaluationError("Unknown conversion specifier '" + conversion + "'");
    };
  }

  private Object value(String name) {
    int at = 0;
    while (at < name.length() && name.charAt(at) != '.' && name.charAt(at) != '[') {
      at++;
    }
    Object value = first(name.substring(0, at));
    while (at < name.length()) {
      boolean attribute = name.charAt(at) == '.';
      int end = at + 1;
      while (end < name.length()
          && (attribute ? ".[".indexOf(name.charAt(end)) < 0 : name.charAt(end) != ']')) {
        end++;
      }
      String key = name.substring(at + 1, end);
      if (key.isEmpty() || (!attribute && end == name.length())) {
        throw new EvaluationError("Empty attribute in format string");
      }
      value =
          attribute
              ? Subscripts.attribute(interpreter, value, key)
              : Subscripts.item(interpreter, value, index(key));
      at = attribute ? end : end + 1;
    }
    return value;
  }

  private static Object index(String key) {
    boolean number = key.length() < 10 && PythonStrings.all(key, c -> c >= '0' && c <= '9');
    return number ? (Object) Long.valueOf(key) : key;
  }

  private Object first(String name) {
    if (name.isEmpty()) {
      if (automatic < 0) {
        throw new EvaluationError(
            "cannot switch from manual field specification to automatic field numbering");
      }
      return positional(automatic++);
    }
    if (index(name) instanceof Long number) {
      if (automatic > 0) {
        throw new EvaluationError(
            "cannot switch from automatic field numbering to manual field specification");
      }
      automatic = -1;
      return positional(number.intValue());
    }
    Object value = arguments.keywords().get(name);
    if (value == null) {
      throw new EvaluationError("KeyError: '" + name + "'");
    }
    return value;
  }

  private Object positional(int index) {
    if (index >= arguments.positional().size()) {
      throw new EvaluationError(
          "Replacement index " + index + " out of range for positional args tuple");
    }
    return arguments.positional().get(index);
  }
}
