package dev.quern.engine.text.jinja;

import java.util.List;

/**
 * A piece of template source.
 *
 * @param line of its first character, from 1
 * @param text of {@link Type#DATA}, {@link Type#NAME} and {@link Type#STRING} the value; of {@link
 *     Type#OPERATOR} the operator itself
 * @param value of a number a Long, BigInteger or Double; else the text
 */
record Token(int line, Type type, String text, Object value) {
  enum Type {
    DATA,
    VARIABLE_BEGIN,
    VARIABLE_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  Token(int line, Type type, String text) {
    this(line, type, text, text);
  }

  boolean isName(String name) {
    return type == Type.NAME && text.equals(name);
  }

  boolean isName(List<String> names) {
    return type == Type.NAME && names.contains(text);
  }

  boolean isOperator(String operator) {
    return type == Type.OPERATOR && text.equals(operator);
  }

  String describe() {
    return switch (type) {
      case NAME, STRING, OPERATOR, INTEGER, FLOAT -> "'" + text + "'";
      case END -> "end of template";
      case VARIABLE_END -> "end of print statement";
      case BLOCK_END -> "end of statement block";
      case DATA, VARIABLE_BEGIN, BLOCK_BEGIN -> type.name().toLowerCase(java.util.Locale.ROOT);
    };
  }
}
