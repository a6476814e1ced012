package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Expression.Given;
import dev.quern.engine.text.jinja.Expression.Operator;
import dev.quern.engine.text.jinja.Expression.Relation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Expressions by recursive descent with Jinja's precedence, loosest first: conditional, or, and,
 * not, comparison, {@code + -}, {@code ~}, {@code * / // %}, {@code **} (left to right, binds
 * looser than a sign), signs, then subscripts, calls, filters and tests.
 */
final class ExpressionParser {
  /** Far above what people write, far below what a thread's stack holds. */
  private static final int MAX_NESTING = 150;

  /** Chains such as {@code a + b + c} nest to the left, so their length is bounded too. */
  private static final int MAX_CHAIN = 600;

  private static final Map<String, Relation> RELATIONS =
      Map.of(
          "==", Relation.EQUAL,
          "!=", Relation.NOT_EQUAL,
          "<", Relation.LESS,
          "<=", Relation.LESS_OR_EQUAL,
          ">", Relation.GREATER,
          ">=", Relation.GREATER_OR_EQUAL);
  private static final Map<String, Operator> SUMS =
      Map.of("+", Operator.ADD, "-", Operator.SUBTRACT);
  private static final Map<String, Operator> PRODUCTS =
      Map.of(
          "*", Operator.MULTIPLY,
          "/", Operator.DIVIDE,
          "//", Operator.FLOOR_DIVIDE,
          "%", Operator.MODULO);

  private final TokenStream stream;
  private int nesting;

  ExpressionParser(TokenStream stream) {
    this.stream = stream;
  }

  Expression expression() {
    return conditional();
  }

  private void enter() {
    if (++nesting > MAX_NESTING) {
      throw stream.error("expressions nest deeper than " + MAX_NESTING + " levels");
    }
  }

  private void leave() {
    nesting--;
  }

  private void checkChain(int length) {
    if (length > MAX_CHAIN) {
      throw stream.error("an expression chains more than " + MAX_CHAIN + " operations");
    }
  }

  /**
   * One expression, or several with commas between, which are a tuple.
   *
   * @param conditionals whether {@code a if b else c} may appear outside brackets
   * @param end names that end the tuple, as the end of a tag or a bracket does
   * @param mayBeEmpty whether nothing at all is the empty tuple
   */
  Expression tuple(boolean conditionals, List<String> end, boolean mayBeEmpty) {
    int line = stream.current().line();
    List<Expression> items = new ArrayList<>();
    boolean comma = false;
    while (!isTupleEnd(end)) {
      items.add(conditionals ? conditional() : or());
      if (!stream.skipOperator(",")) {
        break;
      }
      comma = true;
    }
    if (!comma && items.size() == 1) {
      return items.getFirst();
    }
    if (!comma && !mayBeEmpty) {
      throw stream.fail("expected an expression");
    }
    return new Expression.TupleLiteral(line, List.copyOf(items));
  }

  private boolean isTupleEnd(List<String> end) {
    Token token = stream.current();
    return switch (token.type()) {
      case VARIABLE_END, BLOCK_END, END -> true;
      default -> token.isOperator(")") || token.isName(end);
    };
  }

  private Expression conditional() {
    enter();
    int line = stream.current().line();
    Expression result = or();
    int length = 0;
    while (stream.skipName("if")) {
      checkChain(++length);
      Expression test = or();
      Expression otherwise = stream.skipName("else") ? conditional() : null;
      result = new Expression.Conditional(line, test, result, otherwise);
    }
    leave();
    return result;
  }

  private Expression or() {
    int line = stream.current().line();
    Expression left = and();
    int length = 0;
    while (stream.skipName("or")) {
      checkChain(++length);
      left = new Expression.Or(line, left, and());
    }
    return left;
  }

  private Expression and() {
    int line = stream.current().line();
    Expression left = not();
    int length = 0;
    while (stream.skipName("and")) {
      checkChain(++length);
      left = new Expression.And(line, left, not());
    }
    return left;
  }

  private Expression not() {
    if (!stream.current().isName("not")) {
      return comparison();
    }
    enter();
    int line = stream.next().line();
    Expression result = new Expression.Not(line, not());
    leave();
    return result;
  }

  private Expression comparison() {
    int line = stream.current().line();
    Expression first = sum();
    List<Expression.Operand> operands = new ArrayList<>();
    for (Relation relation = relation(); relation != null; relation = relation()) {
      operands.add(new Expression.Operand(relation, sum()));
    }
    return operands.isEmpty() ? first : new Expression.Comparison(line, first, operands);
  }

  private @Nullable Relation relation() {
    Token token = stream.current();
    if (token.type() == Token.Type.OPERATOR && RELATIONS.containsKey(token.text())) {
      return RELATIONS.get(stream.next().text());
    }
    if (stream.skipName("in")) {
      return Relation.IN;
    }
    if (token.isName("not") && stream.look().isName("in")) {
      stream.next();
      stream.next();
      return Relation.NOT_IN;
    }
    return null;
  }

  private @Nullable Operator skipOperator(Map<String, Operator> operators) {
    Token token = stream.current();
    Operator operator = token.type() == Token.Type.OPERATOR ? operators.get(token.text()) : null;
    if (operator != null) {
      stream.next();
    }
    return operator;
  }

  private Expression sum() {
    int line = stream.current().line();
    Expression left = concatenation();
    int length = 0;
    for (Operator sign = skipOperator(SUMS); sign != null; sign = skipOperator(SUMS)) {
      checkChain(++length);
      left = new Expression.Arithmetic(line, sign, left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    int line = stream.current().line();
    Expression first = product();
    if (!stream.current().isOperator("~")) {
      return first;
    }
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (stream.skipOperator("~")) {
      parts.add(product());
    }
    return new Expression.Concatenation(line, List.copyOf(parts));
  }

  private Expression product() {
    int line = stream.current().line();
    Expression left = power();
    int length = 0;
    for (Operator sign = skipOperator(PRODUCTS); sign != null; sign = skipOperator(PRODUCTS)) {
      checkChain(++length);
      left = new Expression.Arithmetic(line, sign, left, power());
    }
    return left;
  }

  private Expression power() {
    int line = stream.current().line();
    Expression left = unary(true);
    int length = 0;
    while (stream.skipOperator("**")) {
      checkChain(++length);
      left = new Expression.Arithmetic(line, Operator.POWER, left, unary(true));
    }
    return left;
  }

  private Expression unary(boolean filters) {
    Token token = stream.current();
    Expression node;
    if (token.isOperator("-") || token.isOperator("+")) {
      enter();
      stream.next();
      Expression.Sign sign =
          token.text().equals("-") ? Expression.Sign.MINUS : Expression.Sign.PLUS;
      node = new Expression.Unary(token.line(), sign, unary(false));
      leave();
    } else {
      node = primary();
    }
    node = postfix(node);
    return filters ? filtersAndTests(node) : node;
  }

  private Expression primary() {
    Token token = stream.current();
    return switch (token.type()) {
      case NAME -> name(stream.next());
      case STRING -> string(token.line());
      case INTEGER, FLOAT -> new Expression.Literal(token.line(), stream.next().value());
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parenthesis();
            case "[" -> list();
            case "{" -> dict();
            default -> throw stream.error("unexpected " + token.describe());
          };
      default -> throw stream.error("unexpected " + token.describe());
    };
  }

  private static Expression name(Token token) {
    return switch (token.text()) {
      case "true", "True" -> new Expression.Literal(token.line(), true);
      case "false", "False" -> new Expression.Literal(token.line(), false);
      case "none", "None" -> new Expression.Literal(token.line(), None.NONE);
      default -> new Expression.Name(token.line(), token.text());
    };
  }

  private Expression string(int line) {
    StringBuilder text = new StringBuilder();
    while (stream.current().type() == Token.Type.STRING) {
      text.append(stream.next().text());
    }
    return new Expression.Literal(line, text.toString());
  }

  private Expression parenthesis() {
    stream.next();
    Expression inner = tuple(true, List.of(), true);
    stream.expectOperator(")");
    return inner;
  }

  private Expression list() {
    int line = stream.next().line();
    List<Expression> items = new ArrayList<>();
    while (!stream.current().isOperator("]")) {
      if (!items.isEmpty()) {
        stream.expectOperator(",");
      }
      if (stream.current().isOperator("]")) {
        break;
      }
      items.add(conditional());
    }
    stream.expectOperator("]");
    return new Expression.ListLiteral(line, List.copyOf(items));
  }

  private Expression dict() {
    int line = stream.next().line();
    List<Expression.Entry> entries = new ArrayList<>();
    while (!stream.current().isOperator("}")) {
      if (!entries.isEmpty()) {
        stream.expectOperator(",");
      }
      if (stream.current().isOperator("}")) {
        break;
      }
      Expression key = conditional();
      stream.expectOperator(":");
      entries.add(new Expression.Entry(key, conditional()));
    }
    stream.expectOperator("}");
    return new Expression.DictLiteral(line, List.copyOf(entries));
  }

  private Expression postfix(Expression start) {
    Expression node = start;
    for (int length = 0; ; checkChain(++length)) {
      Token token = stream.current();
      if (token.isOperator(".")) {
        node = attribute(node);
      } else if (token.isOperator("[")) {
        node = subscript(node);
      } else if (token.isOperator("(")) {
        node = new Expression.Call(token.line(), node, arguments());
      } else {
        return node;
      }
    }
  }

  private Expression filtersAndTests(Expression start) {
    Expression node = start;
    for (int length = 0; ; checkChain(++length)) {
      Token token = stream.current();
      if (token.isOperator("|")) {
        stream.next();
        node = filter(node);
      } else if (token.isName("is")) {
        node = test(node);
      } else if (token.isOperator("(")) {
        node = new Expression.Call(token.line(), node, arguments());
      } else {
        return node;
      }
    }
  }

  private Expression attribute(Expression target) {
    int line = stream.next().line();
    Token token = stream.next();
    return switch (token.type()) {
      case NAME -> new Expression.Attribute(line, target, token.text());
      case INTEGER ->
          new Expression.Item(line, target, new Expression.Literal(line, token.value()));
      default -> throw TemplateException.syntax(line, "expected name or number after '.'");
    };
  }

  private Expression subscript(Expression target) {
    int line = stream.next().line();
    if (stream.current().isOperator(":")) {
      return slice(line, target, null);
    }
    Expression first = conditional();
    if (stream.current().isOperator(":")) {
      return slice(line, target, first);
    }
    if (stream.skipOperator("]")) {
      return new Expression.Item(line, target, first);
    }
    List<Expression> items = new ArrayList<>(List.of(first));
    while (!stream.current().isOperator("]")) {
      stream.expectOperator(",");
      items.add(conditional());
    }
    stream.expectOperator("]");
    return new Expression.Item(line, target, new Expression.TupleLiteral(line, List.copyOf(items)));
  }

  private Expression slice(int line, Expression target, @Nullable Expression start) {
    stream.expectOperator(":");
    Expression stop = sliceEnd();
    Expression step = stream.skipOperator(":") ? sliceEnd() : null;
    stream.expectOperator("]");
    return new Expression.Slice(line, target, start, stop, step);
  }

  private @Nullable Expression sliceEnd() {
    Token token = stream.current();
    return token.isOperator(":") || token.isOperator("]") ? null : conditional();
  }

  /** A filter's name and arguments; the {@code |} is already read. */
  Expression.FilterCall filter(@Nullable Expression value) {
    int line = stream.current().line();
    String name = dottedName();
    Given given = stream.current().isOperator("(") ? arguments() : Given.NOTHING;
    return new Expression.FilterCall(line, value, name, given);
  }

  private String dottedName() {
    StringBuilder name = new StringBuilder(stream.expect(Token.Type.NAME).text());
    while (stream.skipOperator(".")) {
      name.append('.').append(stream.expect(Token.Type.NAME).text());
    }
    return name.toString();
  }

  private Expression test(Expression value) {
    int line = stream.next().line();
    boolean negated = stream.skipName("not");
    String name = dottedName();
    Expression test = new Expression.TestCall(line, value, name, testArguments());
    return negated ? new Expression.Not(line, test) : test;
  }

  private Given testArguments() {
    Token token = stream.current();
    if (token.isOperator("(")) {
      return arguments();
    }
    boolean operand =
        switch (token.type()) {
          case NAME -> !token.isName(List.of("else", "or", "and"));
          case STRING, INTEGER, FLOAT -> true;
          case OPERATOR -> token.isOperator("[") || token.isOperator("{");
          default -> false;
        };
    if (!operand) {
      return Given.NOTHING;
    }
    if (token.isName("is")) {
      throw stream.error("You cannot chain multiple tests with is");
    }
    return new Given(List.of(postfix(primary())), List.of(), null, null);
  }

  private Given arguments() {
    int line = stream.next().line();
    List<Expression> positional = new ArrayList<>();
    List<Expression.Keyword> keywords = new ArrayList<>();
    Expression star = null;
    Expression doubleStar = null;
    boolean first = true;
    while (!stream.current().isOperator(")")) {
      if (!first) {
        stream.expectOperator(",");
        if (stream.current().isOperator(")")) {
          break;
        }
      }
      first = false;
      if (stream.current().isOperator("*")) {
        require(star == null && doubleStar == null, line);
        stream.next();
        star = conditional();
      } else if (stream.current().isOperator("**")) {
        require(doubleStar == null, line);
        stream.next();
        doubleStar = conditional();
      } else if (stream.current().type() == Token.Type.NAME && stream.look().isOperator("=")) {
        require(doubleStar == null, line);
        keywords.add(keyword(keywords));
      } else {
        require(star == null && doubleStar == null && keywords.isEmpty(), line);
        positional.add(conditional());
      }
    }
    stream.expectOperator(")");
    return new Given(List.copyOf(positional), List.copyOf(keywords), star, doubleStar);
  }

  private Expression.Keyword keyword(List<Expression.Keyword> earlier) {
    String name = stream.next().text();
    stream.next();
    if (earlier.stream().anyMatch(keyword -> keyword.name().equals(name))) {
      throw stream.error("keyword argument repeated: " + name);
    }
    return new Expression.Keyword(name, conditional());
  }

  private static void require(boolean valid, int line) {
    if (!valid) {
      throw TemplateException.syntax(line, "invalid syntax for function call expression");
    }
  }
}
