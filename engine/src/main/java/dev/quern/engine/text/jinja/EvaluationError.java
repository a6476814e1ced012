package dev.quern.engine.text.jinja;

/**
 * A failure below the interpreter, which alone knows the line; it turns this into a {@link
 * TemplateException}.
 */
final class EvaluationError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EvaluationError(String message) {
    super(message, null, false, false);
  }

  String message() {
    return String.valueOf(getMessage());
  }

  /** Of an operation on a value of the wrong type, in Python's words. */
  static EvaluationError unsupported(String operator, Object left, Object right) {
    return new EvaluationError(
        "unsupported operand type(s) for "
            + operator
            + ": '"
            + Types.name(left)
            + "' and '"
            + Types.name(right)
            + "'");
  }
}
