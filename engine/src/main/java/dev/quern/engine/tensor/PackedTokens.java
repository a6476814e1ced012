package dev.quern.engine.tensor;

/**
 * The texts of one encoder pass, packed without padding: text {@code s} owns tokens {@code
 * [starts[s], starts[s + 1])}. A backend works on runs of texts of one length at a time, so texts
 * are best sorted by length.
 *
 * @param tokenIds {@code [tokens]}
 * @param positions {@code [tokens]} rows of the position table or of rotary tables
 * @param tokenTypeIds {@code [tokens]}
 * @param starts {@code [texts + 1]} strictly ascending, first 0, last the number of tokens
 * @param promptTokens {@code [texts]} leading tokens that pooling leaves out; fewer than the text's
 */
public record PackedTokens(
    int[] tokenIds, int[] positions, int[] tokenTypeIds, int[] starts, int[] promptTokens) {
  public PackedTokens {
    int tokens = tokenIds.length;
    int texts = promptTokens.length;
    if (texts == 0
        || positions.length != tokens
        || tokenTypeIds.length != tokens
        || starts.length != texts + 1
        || starts[0] != 0
        || starts[texts] != tokens) {
      throw new IllegalArgumentException(
          "inconsistent pack of " + tokens + " tokens in " + texts + " texts");
    }
    for (int text = 0; text < texts; text++) {
      int length = starts[text + 1] - starts[text];
      if (length < 1 || promptTokens[text] < 0 || promptTokens[text] >= length) {
        throw new IllegalArgumentException(
            "text " + text + " of " + length + " tokens, prompt of " + promptTokens[text]);
      }
    }
  }

  public int tokens() {
    return tokenIds.length;
  }

  public int texts() {
    return promptTokens.length;
  }
}
