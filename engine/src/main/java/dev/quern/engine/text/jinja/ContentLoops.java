package dev.quern.engine.text.jinja;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether a template loops over the {@code content} of messages. Follows names: what {@code
 * messages}, a slice or filter of it, or a loop over it is assigned to.
 */
final class ContentLoops {
  private final Set<String> contents = new HashSet<>();

  private ContentLoops() {}

  static boolean anyIn(List<Statement> template) {
    ContentLoops loops = new ContentLoops();
    template.forEach(statement -> SyntaxTree.walk(statement, loops::noteContent, expression -> {}));
    AtomicBoolean found = new AtomicBoolean();
    template.forEach(
        statement ->
            SyntaxTree.walk(
                statement,
                inner -> {
                  if (inner instanceof Statement.For loop && loops.isContent(loop.iterable())) {
                    found.set(true);
                  }
                },
                expression -> {}));
    return found.get();
  }

  private void noteContent(Statement statement) {
    switch (statement) {
      case Statement.Assign assign
          when assign.target() instanceof Statement.NameTarget name && isContent(assign.value()) ->
          contents.add(name.name());
      // A macro that is given a content: parameters by that name are taken for one.
      case Statement.Macro macro -> {
        if (macro.signature().parameters().contains("content")) {
          contents.add("content");
        }
      }
      default -> {}
    }
  }

  private boolean isContent(Expression expression) {
    return switch (expression) {
      case Expression.Attribute node -> node.name().equals("content");
      case Expression.Item node ->
          node.index() instanceof Expression.Literal literal && literal.value().equals("content");
      case Expression.Name node -> contents.contains(node.name());
      case Expression.FilterCall node -> node.value() != null && isContent(node.value());
      case Expression.Slice node -> isContent(node.target());
      case Expression.Conditional node ->
          isContent(node.then()) || (node.otherwise() != null && isContent(node.otherwise()));
      case Expression.Or node -> isContent(node.left()) || isContent(node.right());
      default -> false;
    };
  }
}
