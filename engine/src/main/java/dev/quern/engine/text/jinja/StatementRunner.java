package dev.quern.engine.text.jinja;

import java.util.Iterator;
import java.util.List;

/** Runs statements and collects what they write. Belongs to one {@link Interpreter}. */
final class StatementRunner {
  /** How a statement ended: whether the loop around goes on. */
  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  private final Interpreter interpreter;
  private final Budget budget;
  private StringBuilder output = new StringBuilder();
  private Scope root = new Scope(null);

  StatementRunner(Interpreter interpreter) {
    this.interpreter = interpreter;
    this.budget = interpreter.budget();
  }

  String render(List<Statement> template, Scope scope) {
    root = scope;
    run(template, scope);
    return output.toString();
  }

  String capture(List<Statement> body, Scope scope) {
    StringBuilder outer = output;
    output = new StringBuilder();
    run(body, scope);
    String text = output.toString();
    output = outer;
    return text;
  }

  private void write(String text) {
    budget.allocate(text.length());
    budget.output((long) output.length() + text.length());
    output.append(text);
  }

  private Flow run(List<Statement> body, Scope scope) {
    for (Statement statement : body) {
      Flow flow = run(statement, scope);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow run(Statement statement, Scope scope) {
    budget.step();
    budget.enter();
    interpreter.at(statement.line());
    Flow flow = Flow.NEXT;
    switch (statement) {
      case Statement.Text node -> write(node.text());
      case Statement.Print node ->
          write(Printer.str(interpreter.evaluate(node.value(), scope), budget));
      case Statement.If node -> flow = branch(node, scope);
      case Statement.For node -> flow = loop(node, scope);
      case Statement.Assign node ->
          assign(node.target(), interpreter.evaluate(node.value(), scope), scope);
      case Statement.AssignBlock node -> assignBlock(node, scope);
      case Statement.Macro node -> scope.set(node.name(), macro(node, scope));
      case Statement.CallBlock node -> callBlock(node, scope);
      case Statement.FilterBlock node -> flow = filterBlock(node, scope);
      case Statement.With node -> flow = with(node, scope);
      case Statement.Scoped node -> flow = run(node.body(), new Scope(scope));
      case Statement.Block node -> flow = run(node.body(), new Scope(root));
      case Statement.Break _ -> flow = Flow.BREAK;
      case Statement.Continue _ -> flow = Flow.CONTINUE;
      case Statement.Unavailable node ->
          throw new EvaluationError(
              "the tag '" + node.tag() + "' is not available in chat templates");
    }
    budget.leave();
    return flow;
  }

  private static MacroValue macro(Statement.Macro node, Scope scope) {
    return new MacroValue(node.name(), node.signature(), node.body(), scope);
  }

  private Flow branch(Statement.If node, Scope scope) {
    for (Statement.Branch branch : node.branches()) {
      if (Types.truth(interpreter.evaluate(branch.test(), scope))) {
        return run(branch.body(), scope);
      }
    }
    return run(node.otherwise(), scope);
  }

  private void assignBlock(Statement.AssignBlock node, Scope scope) {
    Scope inner = new Scope(scope);
    String text = capture(node.body(), inner);
    Object value =
        node.filter() == null ? text : interpreter.filterBlock(node.filter(), text, inner);
    assign(node.target(), value, scope);
  }

  private void callBlock(Statement.CallBlock node, Scope scope) {
    MacroValue caller = new MacroValue("caller", node.signature(), node.body(), scope);
    write(Printer.str(interpreter.call(node.call(), caller, scope), budget));
  }

  private Flow filterBlock(Statement.FilterBlock node, Scope scope) {
    Scope inner = new Scope(scope);
    StringBuilder outer = output;
    output = new StringBuilder();
    Flow flow = run(node.body(), inner);
    String text = output.toString();
    output = outer;
    if (flow == Flow.NEXT) {
      write(Printer.str(interpreter.filterBlock(node.filter(), text, inner), budget));
    }
    return flow;
  }

  private Flow with(Statement.With node, Scope scope) {
    Scope inner = new Scope(scope);
    for (int i = 0; i < node.targets().size(); i++) {
      assign(node.targets().get(i), interpreter.evaluate(node.values().get(i), scope), inner);
    }
    return run(node.body(), inner);
  }

  private Flow loop(Statement.For node, Scope scope) {
    Object iterable = interpreter.evaluate(node.iterable(), scope);
    if (node.recursive()) {
      write(Printer.str(recursive(node, iterable, 0, scope), budget));
      return Flow.NEXT;
    }
    return loop(node, iterable, 0, scope);
  }

  private Object recursive(Statement.For node, Object iterable, int depth, Scope scope) {
    StringBuilder outer = output;
    output = new StringBuilder();
    loop(node, iterable, depth, scope);
    String text = output.toString();
    output = outer;
    return text;
  }

  private Flow loop(Statement.For node, Object iterable, int depth, Scope scope) {
    Object source = node.test() == null ? iterable : filtered(node, node.test(), iterable, scope);
    LoopContext loop =
        new LoopContext(
            budget,
            source,
            Iteration.of(source),
            depth,
            node.recursive() ? inner -> recursive(node, inner, depth + 1, scope) : null);
    boolean empty = true;
    while (loop.hasNext()) {
      budget.step();
      Scope body = new Scope(scope);
      assign(node.target(), loop.next(), body);
      body.set("loop", loop);
      Flow flow = run(node.body(), body);
      // As in Jinja, only a round that reached its end keeps the else branch from running.
      empty &= flow != Flow.NEXT;
      if (flow == Flow.BREAK) {
        break;
      }
    }
    return empty ? run(node.otherwise(), new Scope(scope)) : Flow.NEXT;
  }

  /** The items for which the loop's condition holds, tested as they are reached. */
  private Object filtered(Statement.For node, Expression test, Object iterable, Scope scope) {
    Iterator<Object> items =
        new LazyIterator(
            budget,
            Iteration.of(iterable),
            item -> {
              Scope inner = new Scope(scope);
              assign(node.target(), item, inner);
              return Types.truth(interpreter.evaluate(test, inner)) ? item : null;
            });
    return new IteratorValue(items);
  }

  private void assign(Statement.Target target, Object value, Scope scope) {
    switch (target) {
      case Statement.NameTarget name -> scope.set(name.name(), value);
      case Statement.NamespaceTarget name -> {
        if (!(scope.find(name.name()) instanceof NamespaceValue namespace)) {
          throw new EvaluationError("cannot assign attribute on non-namespace object");
        }
        budget.allocate(1);
        namespace.attributes().put(name.attribute(), value);
      }
      case Statement.TupleTarget tuple -> unpack(tuple, value, scope);
    }
  }

  private void unpack(Statement.TupleTarget tuple, Object value, Scope scope) {
    if (!Iteration.isIterable(value)) {
      throw new EvaluationError("cannot unpack non-iterable " + Types.name(value) + " object");
    }
    List<Object> items = Iteration.list(value, budget);
    int expected = tuple.items().size();
    if (items.size() != expected) {
      throw new EvaluationError(
          items.size() > expected
              ? "too many values to unpack (expected " + expected + ")"
              : "not enough values to unpack (expected "
                  + expected
                  + ", got "
                  + items.size()
                  + ")");
    }
    for (int i = 0; i < expected; i++) {
      assign(tuple.items().get(i), items.get(i), scope);
    }
  }
}
