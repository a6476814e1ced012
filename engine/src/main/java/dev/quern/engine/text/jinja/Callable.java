package dev.quern.engine.text.jinja;

/** A value that can be called. */
interface Callable {
  Object call(Interpreter interpreter, Arguments arguments);

  /** Python's name of its type. */
  default String type() {
    return "function";
  }

  /** An attribute, or {@link Undefined}. */
  default Object attribute(Interpreter interpreter, String name) {
    return Undefined.attribute(this, name);
  }
}
