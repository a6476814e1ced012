package dev.quern.engine.text.jinja;

/** {@code value|name(arguments)}. */
@FunctionalInterface
interface Filter {
  Object apply(Interpreter interpreter, Object value, Arguments arguments);
}
