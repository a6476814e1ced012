package dev.quern.engine.text.jinja;

/** {@code value is name(arguments)}. */
@FunctionalInterface
interface Test {
  boolean holds(Interpreter interpreter, Object value, Arguments arguments);
}
