package dev.quern.engine.text.jinja;

/**
 * A name, attribute or element that is not there. It prints as nothing, is false and iterates over
 * nothing; whatever else is done with it fails with its message.
 */
final class Undefined {
  private final String message;

  private Undefined(String message) {
    this.message = message;
  }

  static Undefined name(String name) {
    return new Undefined("'" + name + "' is undefined");
  }

  static Undefined attribute(Object owner, String name) {
    return new Undefined("'" + Types.describe(owner) + "' has no attribute '" + name + "'");
  }

  static Undefined element(Object owner, Object index) {
    String place =
        index instanceof Long || index instanceof Boolean
            ? String.valueOf(index)
            : "for a key of type " + Types.name(index);
    return new Undefined(Types.describe(owner) + " has no element " + place);
  }

  /** What the sandbox hides: names with an underscore, methods that would change a value. */
  static Undefined unsafe(Object owner, String name) {
    return new Undefined(
        "access to attribute '" + name + "' of '" + Types.name(owner) + "' object is unsafe.");
  }

  static Undefined because(String message) {
    return new Undefined(message);
  }

  EvaluationError error() {
    return new EvaluationError(message);
  }
}
