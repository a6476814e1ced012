package dev.quern.engine.text.jinja;

/** A method of a built-in type, with the value it was taken from. */
record BoundMethod(Object receiver, String name) implements Callable {
  @Override
  public Object call(Interpreter interpreter, Arguments arguments) {
    return Methods.call(interpreter, receiver, name, arguments);
  }

  @Override
  public String type() {
    return "builtin_function_or_method";
  }
}
