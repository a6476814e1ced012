package dev.quern.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * The {@code attribute} argument of filters: {@code "user.name"} or {@code "pair.0"}; None is the
 * value itself.
 */
record AttributePath(List<Object> parts) {
  static AttributePath of(Object attribute) {
    if (attribute == None.NONE) {
      return new AttributePath(List.of());
    }
    if (!Types.isText(attribute)) {
      return new AttributePath(List.of(attribute));
    }
    List<Object> parts = new ArrayList<>();
    for (String part : PythonStrings.split(Types.text(attribute, ""), ".", -1)) {
      boolean index = part.length() < 10 && PythonStrings.all(part, c -> c >= '0' && c <= '9');
      parts.add(index ? (Object) Long.valueOf(part) : part);
    }
    return new AttributePath(parts);
  }

  Object get(Interpreter interpreter, Object value) {
    Object result = value;
    for (Object part : parts) {
      interpreter.budget().step();
      result = Subscripts.item(interpreter, result, part);
    }
    return result;
  }

  /** The same, with {@code otherwise} (unless it is None) in place of what is not there. */
  Object get(Interpreter interpreter, Object value, Object otherwise) {
    Object result = value;
    for (Object part : parts) {
      interpreter.budget().step();
      result = Subscripts.item(interpreter, result, part);
      if (otherwise != None.NONE && result instanceof Undefined) {
        result = otherwise;
      }
    }
    return result;
  }

  /** Text in lower case, for filters that ignore case; other values as they are. */
  static Object ignoreCase(Object value) {
    return Types.isText(value) ? PythonStrings.lower(Types.text(value, "")) : value;
  }
}
