package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Statement.Signature;
import dev.quern.engine.text.jinja.Statement.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Statements: text, prints and tags. Expressions are {@link ExpressionParser}'s. */
final class Parser {
  private static final int MAX_NESTING = 100;
  private static final Set<String> CONSTANTS =
      Set.of("true", "True", "false", "False", "none", "None");

  private final TokenStream stream;
  private final ExpressionParser expressions;
  private int nesting;

  private Parser(List<Token> tokens) {
    this.stream = new TokenStream(tokens);
    this.expressions = new ExpressionParser(stream);
  }

  static List<Statement> parse(List<Token> tokens) {
    Parser parser = new Parser(tokens);
    List<Statement> body = parser.statements(List.of());
    StaticChecks.check(body);
    return body;
  }

  /** Statements up to a tag named in {@code end}, whose name is then the current token. */
  private List<Statement> statements(List<String> end) {
    if (++nesting > MAX_NESTING) {
      throw stream.error("blocks nest deeper than " + MAX_NESTING + " levels");
    }
    List<Statement> body = new ArrayList<>();
    while (true) {
      Token token = stream.current();
      switch (token.type()) {
        case DATA -> body.add(new Statement.Text(token.line(), stream.next().text()));
        case VARIABLE_BEGIN -> body.add(print());
        case BLOCK_BEGIN -> {
          stream.next();
          if (stream.current().isName(end)) {
            nesting--;
            return List.copyOf(body);
          }
          body.add(statement(end));
          stream.expect(Token.Type.BLOCK_END);
        }
        default -> {
          if (!end.isEmpty()) {
            throw stream.error("Unexpected end of template, looking for " + end);
          }
          nesting--;
          return List.copyOf(body);
        }
      }
    }
  }

  private Statement print() {
    stream.next();
    Expression value = expressions.tuple(true, List.of(), false);
    stream.expect(Token.Type.VARIABLE_END);
    return new Statement.Print(value.line(), value);
  }

  /** The body of a tag; the end tag's name stays the current token. */
  private List<Statement> body(String... end) {
    stream.skipOperator(":");
    stream.expect(Token.Type.BLOCK_END);
    return statements(List.of(end));
  }

  /** The body of a tag and the end tag's name. */
  private List<Statement> wholeBody(String end) {
    List<Statement> body = body(end);
    stream.next();
    return body;
  }

  private Statement statement(List<String> end) {
    Token tag = stream.expect(Token.Type.NAME);
    int line = tag.line();
    return switch (tag.text()) {
      case "if" -> ifStatement(line);
      case "for" -> forStatement(line);
      case "set" -> set(line);
      case "macro" -> macro(line);
      case "call" -> call(line);
      case "filter" ->
          new Statement.FilterBlock(
              line, filters(expressions.filter(null)), wholeBody("endfilter"));
      case "with" -> with(line);
      case "generation" -> new Statement.Scoped(line, wholeBody("endgeneration"));
      case "block" -> block(line);
      case "print" -> printTag(line);
      case "break" -> new Statement.Break(line);
      case "continue" -> new Statement.Continue(line);
      case "include", "import", "from", "extends" -> unavailable(tag);
      case "autoescape" -> autoescape(line);
      default ->
          throw TemplateException.syntax(
              line,
              "Encountered unknown tag '"
                  + tag.text()
                  + "'"
                  + (end.isEmpty() ? "" : ", looking for " + end));
    };
  }

  private Statement ifStatement(int line) {
    List<Statement.Branch> branches = new ArrayList<>();
    List<Statement> otherwise = List.of();
    while (true) {
      Expression test = expressions.tuple(false, List.of(), false);
      branches.add(new Statement.Branch(test, body("elif", "else", "endif")));
      String next = stream.next().text();
      if (next.equals("else")) {
        otherwise = wholeBody("endif");
      }
      if (!next.equals("elif")) {
        return new Statement.If(line, List.copyOf(branches), otherwise);
      }
    }
  }

  private Statement forStatement(int line) {
    Target target = target(List.of("in"), false);
    stream.expectName("in");
    Expression iterable = expressions.tuple(false, List.of("recursive"), false);
    Expression test = stream.skipName("if") ? expressions.expression() : null;
    boolean recursive = stream.skipName("recursive");
    List<Statement> body = body("endfor", "else");
    List<Statement> otherwise =
        stream.next().text().equals("else") ? wholeBody("endfor") : List.of();
    return new Statement.For(line, target, iterable, test, recursive, body, otherwise);
  }

  private Statement set(int line) {
    Target target = target(List.of(), true);
    if (stream.skipOperator("=")) {
      return new Statement.Assign(line, target, expressions.tuple(true, List.of(), false));
    }
    Expression.FilterCall filter = null;
    if (stream.skipOperator("|")) {
      filter = filters(expressions.filter(null));
    }
    return new Statement.AssignBlock(line, target, filter, wholeBody("endset"));
  }

  private Expression.FilterCall filters(Expression.FilterCall first) {
    Expression.FilterCall filter = first;
    while (stream.skipOperator("|")) {
      filter = expressions.filter(filter);
    }
    return filter;
  }

  private Statement with(int line) {
    List<Target> targets = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (stream.current().type() == Token.Type.NAME) {
      targets.add(target(List.of(), false));
      stream.expectOperator("=");
      values.add(expressions.expression());
      if (!stream.skipOperator(",")) {
        break;
      }
    }
    return new Statement.With(
        line, List.copyOf(targets), List.copyOf(values), wholeBody("endwith"));
  }

  private Statement block(int line) {
    String name = stream.expect(Token.Type.NAME).text();
    stream.skipName("scoped");
    stream.skipName("required");
    List<Statement> body = wholeBody("endblock");
    stream.skipName(name);
    return new Statement.Block(line, name, body);
  }

  private Statement printTag(int line) {
    List<Expression> values = new ArrayList<>();
    while (stream.current().type() != Token.Type.BLOCK_END) {
      if (!values.isEmpty()) {
        stream.expectOperator(",");
      }
      values.add(expressions.expression());
    }
    return new Statement.Print(line, new Expression.Concatenation(line, List.copyOf(values)));
  }

  private Statement unavailable(Token tag) {
    while (stream.current().type() != Token.Type.BLOCK_END) {
      if (stream.next().type() == Token.Type.END) {
        throw stream.error("Unexpected end of template");
      }
    }
    return new Statement.Unavailable(tag.line(), tag.text());
  }

  private Statement autoescape(int line) {
    Expression wanted = expressions.expression();
    Statement body = new Statement.Scoped(line, wholeBody("endautoescape"));
    boolean off = wanted instanceof Expression.Literal literal && literal.value().equals(false);
    return off ? body : new Statement.Unavailable(line, "autoescape");
  }

  private Statement macro(int line) {
    String name = nameTarget();
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    parameters(parameters, defaults);
    List<Statement> body = wholeBody("endmacro");
    return new Statement.Macro(line, name, signature(parameters, defaults, body, line), body);
  }

  private Statement call(int line) {
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    if (stream.current().isOperator("(")) {
      parameters(parameters, defaults);
    }
    if (!(expressions.expression() instanceof Expression.Call call)) {
      throw TemplateException.syntax(line, "expected call");
    }
    List<Statement> body = wholeBody("endcall");
    return new Statement.CallBlock(line, signature(parameters, defaults, body, line), call, body);
  }

  private void parameters(List<String> parameters, List<Expression> defaults) {
    stream.expectOperator("(");
    while (!stream.current().isOperator(")")) {
      if (!parameters.isEmpty()) {
        stream.expectOperator(",");
      }
      String name = nameTarget();
      if (parameters.contains(name)) {
        throw stream.error("duplicate argument '" + name + "' in function definition");
      }
      parameters.add(name);
      if (stream.skipOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw stream.error("non-default argument follows default argument");
      }
    }
    stream.expectOperator(")");
  }

  private static Signature signature(
      List<String> parameters, List<Expression> defaults, List<Statement> body, int line) {
    Set<String> names = SyntaxTree.namesIn(body);
    int caller = parameters.indexOf("caller");
    if (names.contains("caller") && caller >= 0 && caller < parameters.size() - defaults.size()) {
      throw TemplateException.syntax(
          line, "the special \"caller\" argument must be omitted or be given a default");
    }
    return new Signature(
        List.copyOf(parameters),
        List.copyOf(defaults),
        names.contains("caller") && caller < 0,
        names.contains("kwargs") && !parameters.contains("kwargs"),
        names.contains("varargs") && !parameters.contains("varargs"));
  }

  private String nameTarget() {
    String name = stream.expect(Token.Type.NAME).text();
    if (CONSTANTS.contains(name)) {
      throw stream.error("can't assign to '" + name + "'");
    }
    return name;
  }

  private Target target(List<String> end, boolean namespaces) {
    List<Target> items = new ArrayList<>();
    boolean comma = false;
    while (!isTargetEnd(end)) {
      items.add(targetItem(end, namespaces));
      if (!stream.skipOperator(",")) {
        break;
      }
      comma = true;
    }
    if (items.isEmpty()) {
      throw stream.fail("expected a name to assign to");
    }
    return comma ? new Statement.TupleTarget(List.copyOf(items)) : items.getFirst();
  }

  private boolean isTargetEnd(List<String> end) {
    Token token = stream.current();
    return token.type() == Token.Type.BLOCK_END
        || token.isOperator(")")
        || token.isName(end)
        || token.isOperator("=");
  }

  private Target targetItem(List<String> end, boolean namespaces) {
    if (stream.skipOperator("(")) {
      if (++nesting > MAX_NESTING) {
        throw stream.error("targets nest too deeply");
      }
      Target inner = target(end, namespaces);
      stream.expectOperator(")");
      nesting--;
      return inner;
    }
    String name = nameTarget();
    @Nullable String attribute =
        namespaces && stream.skipOperator(".") ? stream.expect(Token.Type.NAME).text() : null;
    return attribute == null
        ? new Statement.NameTarget(name)
        : new Statement.NamespaceTarget(name, attribute);
  }
}
