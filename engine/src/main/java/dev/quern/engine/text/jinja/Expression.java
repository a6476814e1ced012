package dev.quern.engine.text.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template can compute. Lines count from 1. */
sealed interface Expression {
  int line();

  record Literal(int line, Object value) implements Expression {}

  record Name(int line, String name) implements Expression {}

  record TupleLiteral(int line, List<Expression> items) implements Expression {}

  record ListLiteral(int line, List<Expression> items) implements Expression {}

  record DictLiteral(int line, List<Entry> entries) implements Expression {}

  record Entry(Expression key, Expression value) {}

  record Unary(int line, Sign sign, Expression operand) implements Expression {}

  enum Sign {
    MINUS,
    PLUS
  }

  record Not(int line, Expression operand) implements Expression {}

  record And(int line, Expression left, Expression right) implements Expression {}

  record Or(int line, Expression left, Expression right) implements Expression {}

  record Arithmetic(int line, Operator operator, Expression left, Expression right)
      implements Expression {}

  enum Operator {
    ADD("+"),
    SUBTRACT("-"),
    MULTIPLY("*"),
    DIVIDE("/"),
    FLOOR_DIVIDE("//"),
    MODULO("%"),
    POWER("**");

    final String symbol;

    Operator(String symbol) {
      this.symbol = symbol;
    }
  }

  /** {@code a ~ b ~ c}: the parts as text. */
  record Concatenation(int line, List<Expression> parts) implements Expression {}

  /** {@code first op1 x op2 y}, which is {@code first op1 x and x op2 y}. */
  record Comparison(int line, Expression first, List<Operand> operands) implements Expression {}

  record Operand(Relation relation, Expression value) {}

  enum Relation {
    EQUAL,
    NOT_EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
    IN,
    NOT_IN
  }

  record Conditional(int line, Expression test, Expression then, @Nullable Expression otherwise)
      implements Expression {}

  record Attribute(int line, Expression target, String name) implements Expression {}

  record Item(int line, Expression target, Expression index) implements Expression {}

  record Slice(
      int line,
      Expression target,
      @Nullable Expression start,
      @Nullable Expression stop,
      @Nullable Expression step)
      implements Expression {}

  record Call(int line, Expression callee, Given given) implements Expression {}

  /**
   * {@code value|name(given)}.
   *
   * @param value null in a filter block and in a block assignment, whose body is the value
   */
  record FilterCall(int line, @Nullable Expression value, String name, Given given)
      implements Expression {}

  record TestCall(int line, Expression value, String name, Given given) implements Expression {}

  /** The arguments as written in a call. */
  record Given(
      List<Expression> positional,
      List<Keyword> keywords,
      @Nullable Expression star,
      @Nullable Expression doubleStar) {
    static final Given NOTHING = new Given(List.of(), List.of(), null, null);
  }

  record Keyword(String name, Expression value) {}
}
