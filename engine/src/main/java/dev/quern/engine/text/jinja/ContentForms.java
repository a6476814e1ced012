package dev.quern.engine.text.jinja;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether a template takes the {@code content} of messages as a text or loops over its parts.
 * Follows the names that contents are assigned to, and parameters named so.
 */
final class ContentForms {
  private static final Set<String> TYPE_TESTS = Set.of("string", "iterable", "sequence", "mapping");

  private final Set<String> contents = new HashSet<>();

  private ContentForms() {}

  static Template.ContentForm of(List<Statement> template) {
    ContentForms forms = new ContentForms();
    template.forEach(statement -> SyntaxTree.walk(statement, forms::noteContent, _ -> {}));
    AtomicBoolean loops = new AtomicBoolean();
    AtomicBoolean asks = new AtomicBoolean();
    for (Statement statement : template) {
      SyntaxTree.walk(
          statement,
          inner -> {
            if (inner instanceof Statement.For loop && forms.isContent(loop.iterable())) {
              loops.set(true);
            }
          },
          expression -> {
            if (expression instanceof Expression.TestCall test
                && TYPE_TESTS.contains(test.name())
                && forms.isContent(test.value())) {
              asks.set(true);
            }
          });
    }
    if (!loops.get()) {
      return Template.ContentForm.TEXT;
    }
    return asks.get() ? Template.ContentForm.TEXT_OR_PARTS : Template.ContentForm.PARTS;
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
