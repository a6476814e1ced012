package dev.quern.engine.text.jinja;

import java.util.List;

/** The parser's place in the tokens. */
final class TokenStream {
  private final List<Token> tokens;
  private int at;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(at);
  }

  Token look() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = tokens.get(at);
    if (at < tokens.size() - 1) {
      at++;
    }
    return token;
  }

  boolean skipName(String name) {
    boolean found = current().isName(name);
    if (found) {
      next();
    }
    return found;
  }

  boolean skipOperator(String operator) {
    boolean found = current().isOperator(operator);
    if (found) {
      next();
    }
    return found;
  }

  Token expect(Token.Type type) {
    if (current().type() != type) {
      throw fail(
          "expected " + (type == Token.Type.NAME ? "a name" : new Token(0, type, "").describe()));
    }
    return next();
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw fail("expected '" + name + "'");
    }
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw fail("expected '" + operator + "'");
    }
  }

  TemplateException fail(String expectation) {
    return error(expectation + ", got " + current().describe());
  }

  TemplateException error(String message) {
    return TemplateException.syntax(current().line(), message);
  }
}
