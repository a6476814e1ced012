package dev.quern.engine.text.jinja;

/** What one render has used so far. Belongs to one render and its thread. */
final class Budget {
  private final TemplateLimits limits;
  private long steps;
  private long allocated;
  private int depth;

  Budget(TemplateLimits limits) {
    this.limits = limits;
  }

  void step() {
    if (++steps > limits.maxSteps()) {
      throw new EvaluationError("the template runs longer than " + limits.maxSteps() + " steps");
    }
  }

  void steps(long count) {
    steps += count;
    if (steps > limits.maxSteps()) {
      throw new EvaluationError("the template runs longer than " + limits.maxSteps() + " steps");
    }
  }

  /** To be called before {@code count} characters or elements are created. */
  void allocate(long count) {
    allocated += count;
    if (allocated > limits.maxAllocation() || allocated < 0) {
      throw new EvaluationError(
          "the template creates more than " + limits.maxAllocation() + " characters and elements");
    }
  }

  void output(long length) {
    if (length > limits.maxOutput()) {
      throw new EvaluationError(
          "the template writes more than " + limits.maxOutput() + " characters");
    }
  }

  /** Nothing in a template catches an error, so {@link #leave} need not run after one. */
  void enter() {
    if (++depth > limits.maxDepth()) {
      throw new EvaluationError("the template nests deeper than " + limits.maxDepth() + " levels");
    }
  }

  void leave() {
    depth--;
  }
}
