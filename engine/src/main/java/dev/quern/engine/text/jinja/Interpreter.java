package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Expression.Given;
import dev.quern.engine.text.jinja.Expression.Relation;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions in one render; statements are {@link StatementRunner}'s. One thread's. */
final class Interpreter {
  private final TemplateOptions options;
  private final Budget budget;
  private final StatementRunner statements;
  private int line = 1;

  private Interpreter(TemplateOptions options) {
    this.options = options;
    this.budget = new Budget(options.limits());
    this.statements = new StatementRunner(this);
  }

  static String render(
      List<Statement> template, TemplateOptions options, Map<String, ?> variables) {
    Interpreter interpreter = new Interpreter(options);
    try {
      Scope globals = new Scope(null, Globals.ALL);
      Map<String, Object> given = new HashMap<>(16);
      variables.forEach((name, value) -> given.put(name, Values.of(value, interpreter.budget)));
      return interpreter.statements.render(template, new Scope(globals, given));
    } catch (EvaluationError e) {
      throw TemplateException.evaluation(interpreter.line, e.message(), e);
    } catch (QuernException e) {
      throw e;
    } catch (StackOverflowError e) {
      throw TemplateException.evaluation(
          interpreter.line, "the template nests too deeply for this thread's stack", null);
    }
  }

  Budget budget() {
    return budget;
  }

  TemplateOptions options() {
    return options;
  }

  void at(int newLine) {
    line = newLine;
  }

  /** What a macro's body writes. */
  Object capture(List<Statement> body, Scope scope) {
    int callLine = line;
    String text = statements.capture(body, scope);
    line = callLine;
    return text;
  }

  Object evaluate(Expression expression, Scope scope) {
    budget.step();
    budget.enter();
    Object value =
        switch (expression) {
          case Expression.Literal node -> node.value();
          case Expression.Name node -> name(node, scope);
          case Expression.Attribute node ->
              Subscripts.attribute(this, evaluate(node.target(), scope), node.name());
          case Expression.Item node -> item(node, scope);
          case Expression.Call node -> call(node, scope);
          case Expression.FilterCall node -> filter(node, scope);
          case Expression.TestCall node -> test(node, scope);
          case Expression.Comparison node -> comparison(node, scope);
          case Expression.Not node -> !Types.truth(evaluate(node.operand(), scope));
          case Expression.And node -> and(node, scope);
          case Expression.Or node -> or(node, scope);
          case Expression.Conditional node -> conditional(node, scope);
          case Expression.Arithmetic node -> arithmetic(node, scope);
          case Expression.Concatenation node -> concatenation(node, scope);
          case Expression.Slice node -> slice(node, scope);
          case Expression.Unary node ->
              Operators.signed(node.sign(), evaluate(node.operand(), scope));
          case Expression.ListLiteral node -> new SequenceValue.ListValue(all(node.items(), scope));
          case Expression.TupleLiteral node ->
              new SequenceValue.TupleValue(all(node.items(), scope));
          case Expression.DictLiteral node -> dict(node, scope);
        };
    budget.leave();
    return value;
  }

  private static Object name(Expression.Name node, Scope scope) {
    Object value = scope.find(node.name());
    return value == null ? Undefined.name(node.name()) : value;
  }

  private Object item(Expression.Item node, Scope scope) {
    Object target = evaluate(node.target(), scope);
    return Subscripts.item(this, target, evaluate(node.index(), scope));
  }

  private Object and(Expression.And node, Scope scope) {
    Object left = evaluate(node.left(), scope);
    return Types.truth(left) ? evaluate(node.right(), scope) : left;
  }

  private Object or(Expression.Or node, Scope scope) {
    Object left = evaluate(node.left(), scope);
    return Types.truth(left) ? left : evaluate(node.right(), scope);
  }

  private Object conditional(Expression.Conditional node, Scope scope) {
    if (Types.truth(evaluate(node.test(), scope))) {
      return evaluate(node.then(), scope);
    }
    if (node.otherwise() == null) {
      return Undefined.because(
          "the inline if-expression on line "
              + node.line()
              + " evaluated to false and no else section was defined.");
    }
    return evaluate(node.otherwise(), scope);
  }

  private Object arithmetic(Expression.Arithmetic node, Scope scope) {
    Object left = evaluate(node.left(), scope);
    Object right = evaluate(node.right(), scope);
    line = node.line();
    return Operators.apply(node.operator(), left, right, budget);
  }

  private Object concatenation(Expression.Concatenation node, Scope scope) {
    StringBuilder text = new StringBuilder();
    for (Expression part : node.parts()) {
      String shown = Printer.str(evaluate(part, scope), budget);
      budget.allocate(shown.length());
      text.append(shown);
    }
    return text.toString();
  }

  private Object comparison(Expression.Comparison node, Scope scope) {
    Object left = evaluate(node.first(), scope);
    for (Expression.Operand operand : node.operands()) {
      Object right = evaluate(operand.value(), scope);
      Relation relation = operand.relation();
      if (!Comparisons.holds(relation, left, right, budget)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private Object slice(Expression.Slice node, Scope scope) {
    Object target = evaluate(node.target(), scope);
    Object start = bound(node.start(), scope);
    Object stop = bound(node.stop(), scope);
    return Subscripts.slice(target, start, stop, bound(node.step(), scope), budget);
  }

  private Object bound(@Nullable Expression expression, Scope scope) {
    return expression == null ? None.NONE : evaluate(expression, scope);
  }

  private List<Object> all(List<Expression> expressions, Scope scope) {
    budget.allocate(expressions.size());
    List<Object> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(evaluate(expression, scope));
    }
    return values;
  }

  private Object dict(Expression.DictLiteral node, Scope scope) {
    budget.allocate(node.entries().size());
    DictValue dict = new DictValue();
    for (Expression.Entry entry : node.entries()) {
      Object key = evaluate(entry.key(), scope);
      dict.put(key, evaluate(entry.value(), scope), budget);
    }
    return dict;
  }

  private Object call(Expression.Call node, Scope scope) {
    Object callee = evaluate(node.callee(), scope);
    Arguments arguments = arguments(node.given(), scope);
    line = node.line();
    return call(callee, arguments);
  }

  /** A call block's call: its body is passed as {@code caller}. */
  Object call(Expression.Call node, MacroValue caller, Scope scope) {
    Object callee = evaluate(node.callee(), scope);
    Arguments arguments = arguments(node.given(), scope);
    Map<String, Object> keywords = new LinkedHashMap<>(arguments.keywords());
    keywords.put("caller", caller);
    line = node.line();
    return call(callee, new Arguments(arguments.positional(), keywords));
  }

  private Object call(Object callee, Arguments arguments) {
    return switch (callee) {
      case Callable callable -> callable.call(this, arguments);
      case Undefined undefined -> throw undefined.error();
      default -> throw new EvaluationError("'" + Types.name(callee) + "' object is not callable");
    };
  }

  private Object filter(Expression.FilterCall node, Scope scope) {
    if (node.value() == null) {
      throw new EvaluationError("the filter '" + node.name() + "' has no value");
    }
    return filter(node, evaluate(node.value(), scope), scope);
  }

  private Object filter(Expression.FilterCall node, Object value, Scope scope) {
    Filter filter = Filters.get(node.name());
    Arguments arguments = arguments(node.given(), scope);
    line = node.line();
    return filter.apply(this, value, arguments);
  }

  /** A chain of filters whose innermost value is a block's text. */
  Object filterBlock(Expression.FilterCall node, String text, Scope scope) {
    Object value =
        node.value() instanceof Expression.FilterCall inner
            ? filterBlock(inner, text, scope)
            : text;
    return filter(node, value, scope);
  }

  private Object test(Expression.TestCall node, Scope scope) {
    Test test = Tests.get(node.name());
    Object value = evaluate(node.value(), scope);
    Arguments arguments = arguments(node.given(), scope);
    line = node.line();
    return test.holds(this, value, arguments);
  }

  private Arguments arguments(Given given, Scope scope) {
    boolean plain = given.star() == null && given.doubleStar() == null;
    if (plain && given.positional().isEmpty() && given.keywords().isEmpty()) {
      return Arguments.NOTHING;
    }
    List<Object> positional = all(given.positional(), scope);
    Map<String, Object> keywords = Map.of();
    if (!given.keywords().isEmpty() || given.doubleStar() != null) {
      keywords = new LinkedHashMap<>();
      for (Expression.Keyword keyword : given.keywords()) {
        keywords.put(keyword.name(), evaluate(keyword.value(), scope));
      }
    }
    if (given.star() != null) {
      positional.addAll(Iteration.list(evaluate(given.star(), scope), budget));
    }
    if (given.doubleStar() != null) {
      keywords.putAll(keywords(evaluate(given.doubleStar(), scope)));
    }
    return new Arguments(positional, keywords);
  }

  /** A dict as keyword arguments. */
  static Map<String, Object> keywords(Object mapping) {
    if (!(mapping instanceof DictValue dict)) {
      throw new EvaluationError("argument must be a mapping, not " + Types.name(mapping));
    }
    Map<String, Object> keywords = new LinkedHashMap<>();
    var values = dict.values();
    dict.keys().forEachRemaining(key -> keywords.put(Types.text(key, "keyword"), values.next()));
    return keywords;
  }
}
