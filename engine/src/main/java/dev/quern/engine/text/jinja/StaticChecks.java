package dev.quern.engine.text.jinja;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Refuses what Jinja's compiler refuses before anything is rendered: unknown filters and tests
 * (unless a condition may guard them), loop control outside a loop, writing to {@code loop}, a
 * block defined twice.
 */
final class StaticChecks {
  private final Set<String> blocks = new HashSet<>();

  private StaticChecks() {}

  static void check(List<Statement> template) {
    new StaticChecks().body(template, false, false, false);
  }

  /**
   * @param guarded whether an {@code if} decides whether this runs
   * @param inLoop whether {@code break} has a loop to end
   * @param inFor whether any loop is around, also one outside a macro
   */
  private void body(List<Statement> body, boolean guarded, boolean inLoop, boolean inFor) {
    for (Statement statement : body) {
      statement(statement, guarded, inLoop, inFor);
    }
  }

  private void statement(Statement statement, boolean guarded, boolean inLoop, boolean inFor) {
    switch (statement) {
      case Statement.If node -> {
        SyntaxTree.expressionsOf(node, expression -> expression(expression, true));
        SyntaxTree.bodiesOf(node, inner -> body(inner, true, inLoop, inFor));
      }
      case Statement.For node -> loop(node, guarded, inLoop, inFor);
      case Statement.Macro node -> {
        SyntaxTree.expressionsOf(node, expression -> expression(expression, false));
        body(node.body(), false, false, inFor);
      }
      case Statement.CallBlock node -> {
        SyntaxTree.expressionsOf(node, expression -> expression(expression, guarded));
        body(node.body(), false, false, inFor);
      }
      case Statement.Scoped node -> body(node.body(), false, false, inFor);
      case Statement.Block node -> block(node);
      case Statement.Break node -> loopControl(node, "break", inLoop);
      case Statement.Continue node -> loopControl(node, "continue", inLoop);
      default -> {
        SyntaxTree.expressionsOf(statement, expression -> expression(expression, guarded));
        SyntaxTree.bodiesOf(statement, inner -> body(inner, false, inLoop, inFor));
      }
    }
    if (inFor && writesLoop(statement)) {
      throw TemplateException.syntax(
          statement.line(), "Can't assign to special loop variable in for-loop target");
    }
  }

  private void loop(Statement.For node, boolean guarded, boolean inLoop, boolean inFor) {
    if (names(node.target(), "loop")) {
      throw TemplateException.syntax(
          node.line(), "Can't assign to special loop variable in for-loop target");
    }
    expression(node.iterable(), guarded);
    if (node.test() != null) {
      expression(node.test(), false);
    }
    body(node.body(), false, true, true);
    // The else branch runs after the loop, so it belongs to the loop around.
    body(node.otherwise(), false, inLoop && !node.recursive(), inFor);
  }

  private void block(Statement.Block node) {
    if (!blocks.add(node.name())) {
      throw TemplateException.syntax(node.line(), "block '" + node.name() + "' defined twice");
    }
    body(node.body(), false, false, false);
  }

  private static void loopControl(Statement node, String tag, boolean inLoop) {
    if (!inLoop) {
      throw TemplateException.syntax(node.line(), "'" + tag + "' outside loop");
    }
  }

  private static boolean writesLoop(Statement statement) {
    return switch (statement) {
      case Statement.Assign node -> names(node.target(), "loop");
      case Statement.AssignBlock node -> names(node.target(), "loop");
      default -> false;
    };
  }

  private static boolean names(Statement.Target target, String name) {
    return switch (target) {
      case Statement.NameTarget node -> node.name().equals(name);
      case Statement.NamespaceTarget _ -> false;
      case Statement.TupleTarget node -> node.items().stream().anyMatch(item -> names(item, name));
    };
  }

  private void expression(Expression expression, boolean guarded) {
    boolean inner = guarded || expression instanceof Expression.Conditional;
    if (!inner) {
      switch (expression) {
        case Expression.FilterCall node when !Filters.exists(node.name()) ->
            throw TemplateException.syntax(node.line(), "No filter named '" + node.name() + "'.");
        case Expression.TestCall node when !Tests.exists(node.name()) ->
            throw TemplateException.syntax(node.line(), "No test named '" + node.name() + "'.");
        default -> {}
      }
    }
    SyntaxTree.operandsOf(expression, operand -> expression(operand, inner));
  }
}
