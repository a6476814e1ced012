package dev.quern.engine.model;

import java.util.OptionalInt;

/**
 * What inputs a stack of encoder layers takes and how wide its vectors are.
 *
 * @param maxTokens longest text that its positions reach
 * @param tokenTypes rows of the token type table; 0: none
 * @param paddingToken where positions are numbered as fairseq does: on from this token's id plus
 *     one, with the token itself left out
 */
record EncoderShape(
    int vocabularySize, int hiddenSize, int maxTokens, int tokenTypes, OptionalInt paddingToken) {

  /** Writes the positions of one text's tokens to {@code positions} from {@code at} on. */
  void number(int[] tokenIds, int[] positions, int at) {
    if (paddingToken.isEmpty()) {
      for (int i = 0; i < tokenIds.length; i++) {
        positions[at + i] = i;
      }
      return;
    }
    int padding = paddingToken.getAsInt();
    int position = padding;
    for (int i = 0; i < tokenIds.length; i++) {
      positions[at + i] = tokenIds[i] == padding ? padding : ++position;
    }
  }
}
