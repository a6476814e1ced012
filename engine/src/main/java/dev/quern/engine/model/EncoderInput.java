package dev.quern.engine.model;

/**
 * One text as tokens, special ones included.
 *
 * @param tokenIds {@code [tokens]}, at least one
 * @param tokenTypeIds {@code [tokens]}: which text of a pair each token belongs to; empty: all to
 *     the first. Models without such a table ignore them.
 * @param promptTokens leading tokens left out of pooling; 0 unless the layout says that prompts are
 *     ({@link EncoderDescription#poolsPrompt})
 */
public record EncoderInput(int[] tokenIds, int[] tokenTypeIds, int promptTokens) {
  private static final int[] NONE = {};

  public EncoderInput {
    if (tokenIds.length == 0) {
      throw new IllegalArgumentException("an input of no tokens");
    }
    if (tokenTypeIds.length != 0 && tokenTypeIds.length != tokenIds.length) {
      throw new IllegalArgumentException(
          tokenTypeIds.length + " token types for " + tokenIds.length + " tokens");
    }
    if (promptTokens < 0) {
      throw new IllegalArgumentException(promptTokens + " prompt tokens");
    }
  }

  public EncoderInput(int[] tokenIds, int[] tokenTypeIds) {
    this(tokenIds, tokenTypeIds, 0);
  }

  /** A single text, pooled whole. */
  public static EncoderInput of(int... tokenIds) {
    return new EncoderInput(tokenIds, NONE, 0);
  }

  public int length() {
    return tokenIds.length;
  }
}
