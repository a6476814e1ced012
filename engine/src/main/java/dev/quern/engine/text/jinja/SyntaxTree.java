package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Expression.Given;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Walks over the tree without evaluating it. */
final class SyntaxTree {
  private SyntaxTree() {}

  /** All names that {@code body} reads, at any depth. */
  static Set<String> namesIn(List<Statement> body) {
    Set<String> names = new HashSet<>();
    body.forEach(
        statement ->
            walk(
                statement,
                inner -> {},
                expression -> {
                  if (expression instanceof Expression.Name name) {
                    names.add(name.name());
                  }
                }));
    return names;
  }

  /** Visits a statement and everything below it, parents first. */
  static void walk(
      Statement statement, Consumer<Statement> statements, Consumer<Expression> expressions) {
    statements.accept(statement);
    expressionsOf(statement, expression -> walk(expression, expressions));
    bodiesOf(statement, body -> body.forEach(inner -> walk(inner, statements, expressions)));
  }

  /** Visits an expression and everything below it, parents first. */
  static void walk(Expression expression, Consumer<Expression> visitor) {
    visitor.accept(expression);
    operandsOf(expression, operand -> walk(operand, visitor));
  }

  static void bodiesOf(Statement statement, Consumer<List<Statement>> visitor) {
    switch (statement) {
      case Statement.If node -> {
        node.branches().forEach(branch -> visitor.accept(branch.body()));
        visitor.accept(node.otherwise());
      }
      case Statement.For node -> {
        visitor.accept(node.body());
        visitor.accept(node.otherwise());
      }
      case Statement.AssignBlock node -> visitor.accept(node.body());
      case Statement.Macro node -> visitor.accept(node.body());
      case Statement.CallBlock node -> visitor.accept(node.body());
      case Statement.FilterBlock node -> visitor.accept(node.body());
      case Statement.With node -> visitor.accept(node.body());
      case Statement.Scoped node -> visitor.accept(node.body());
      case Statement.Block node -> visitor.accept(node.body());
      case Statement.Text _, Statement.Print _, Statement.Assign _, Statement.Break _ -> {}
      case Statement.Continue _, Statement.Unavailable _ -> {}
    }
  }

  static void expressionsOf(Statement statement, Consumer<Expression> visitor) {
    switch (statement) {
      case Statement.Print node -> visitor.accept(node.value());
      case Statement.If node -> node.branches().forEach(branch -> visitor.accept(branch.test()));
      case Statement.For node -> {
        visitor.accept(node.iterable());
        visit(node.test(), visitor);
      }
      case Statement.Assign node -> visitor.accept(node.value());
      case Statement.AssignBlock node -> visit(node.filter(), visitor);
      case Statement.Macro node -> node.signature().defaults().forEach(visitor);
      case Statement.CallBlock node -> {
        node.signature().defaults().forEach(visitor);
        visitor.accept(node.call());
      }
      case Statement.FilterBlock node -> visitor.accept(node.filter());
      case Statement.With node -> node.values().forEach(visitor);
      case Statement.Text _, Statement.Break _, Statement.Continue _, Statement.Scoped _ -> {}
      case Statement.Block _, Statement.Unavailable _ -> {}
    }
  }

  static void operandsOf(Expression expression, Consumer<Expression> visitor) {
    switch (expression) {
      case Expression.Literal _, Expression.Name _ -> {}
      case Expression.TupleLiteral node -> node.items().forEach(visitor);
      case Expression.ListLiteral node -> node.items().forEach(visitor);
      case Expression.DictLiteral node ->
          node.entries()
              .forEach(
                  entry -> {
                    visitor.accept(entry.key());
                    visitor.accept(entry.value());
                  });
      case Expression.Unary node -> visitor.accept(node.operand());
      case Expression.Not node -> visitor.accept(node.operand());
      case Expression.And node -> pair(node.left(), node.right(), visitor);
      case Expression.Or node -> pair(node.left(), node.right(), visitor);
      case Expression.Arithmetic node -> pair(node.left(), node.right(), visitor);
      case Expression.Concatenation node -> node.parts().forEach(visitor);
      case Expression.Comparison node -> {
        visitor.accept(node.first());
        node.operands().forEach(operand -> visitor.accept(operand.value()));
      }
      case Expression.Conditional node -> {
        pair(node.test(), node.then(), visitor);
        visit(node.otherwise(), visitor);
      }
      case Expression.Attribute node -> visitor.accept(node.target());
      case Expression.Item node -> pair(node.target(), node.index(), visitor);
      case Expression.Slice node -> {
        visitor.accept(node.target());
        visit(node.start(), visitor);
        visit(node.stop(), visitor);
        visit(node.step(), visitor);
      }
      case Expression.Call node -> {
        visitor.accept(node.callee());
        arguments(node.given(), visitor);
      }
      case Expression.FilterCall node -> {
        visit(node.value(), visitor);
        arguments(node.given(), visitor);
      }
      case Expression.TestCall node -> {
        visitor.accept(node.value());
        arguments(node.given(), visitor);
      }
    }
  }

  private static void pair(Expression left, Expression right, Consumer<Expression> visitor) {
    visitor.accept(left);
    visitor.accept(right);
  }

  private static void visit(@Nullable Expression expression, Consumer<Expression> visitor) {
    if (expression != null) {
      visitor.accept(expression);
    }
  }

  private static void arguments(Given given, Consumer<Expression> visitor) {
    given.positional().forEach(visitor);
    given.keywords().forEach(keyword -> visitor.accept(keyword.value()));
    visit(given.star(), visitor);
    visit(given.doubleStar(), visitor);
  }
}
