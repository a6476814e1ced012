package dev.quern.engine.text.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template can do. Lines count from 1. */
sealed interface Statement {
  int line();

  record Text(int line, String text) implements Statement {}

  record Print(int line, Expression value) implements Statement {}

  record If(int line, List<Branch> branches, List<Statement> otherwise) implements Statement {}

  record Branch(Expression test, List<Statement> body) {}

  record For(
      int line,
      Target target,
      Expression iterable,
      @Nullable Expression test,
      boolean recursive,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  record Assign(int line, Target target, Expression value) implements Statement {}

  /** {@code {% set target %}body{% endset %}}; {@code filter} takes the body as its value. */
  record AssignBlock(
      int line, Target target, Expression.@Nullable FilterCall filter, List<Statement> body)
      implements Statement {}

  record Macro(int line, String name, Signature signature, List<Statement> body)
      implements Statement {}

  /**
   * {@code {% call(parameters) f(...) %}body{% endcall %}}: the body is what {@code caller()} runs.
   */
  record CallBlock(int line, Signature signature, Expression.Call call, List<Statement> body)
      implements Statement {}

  /**
   * Parameters of a macro.
   *
   * @param defaults of the last parameters
   * @param caller whether the body asks for {@code caller}, which is then passed apart
   */
  record Signature(
      List<String> parameters,
      List<Expression> defaults,
      boolean caller,
      boolean keywords,
      boolean varargs) {}

  record FilterBlock(int line, Expression.FilterCall filter, List<Statement> body)
      implements Statement {}

  record With(int line, List<Target> targets, List<Expression> values, List<Statement> body)
      implements Statement {}

  /** A body in a scope of its own: {@code {% generation %}}. */
  record Scoped(int line, List<Statement> body) implements Statement {}

  /** {@code {% block name %}}: sees the template's own variables, not those of a loop around it. */
  record Block(int line, String name, List<Statement> body) implements Statement {}

  record Break(int line) implements Statement {}

  record Continue(int line) implements Statement {}

  /** A tag that needs other templates, of which a chat template has none: fails when reached. */
  record Unavailable(int line, String tag) implements Statement {}

  /** Where an assignment goes. */
  sealed interface Target {}

  record NameTarget(String name) implements Target {}

  record NamespaceTarget(String name, String attribute) implements Target {}

  record TupleTarget(List<Target> items) implements Target {}
}
