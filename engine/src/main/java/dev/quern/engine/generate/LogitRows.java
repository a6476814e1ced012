package dev.quern.engine.generate;

/**
 * A sequence's rows among a step's logits.
 *
 * @param first the first of them
 * @param scored rows that score prompt tokens; they come first
 * @param drawn whether one more is for its next token
 */
record LogitRows(int first, int scored, boolean drawn) {
  /** The row for the next token. */
  int drawnRow() {
    return first + scored;
  }

  /** The row after them. */
  int end() {
    return first + scored + (drawn ? 1 : 0);
  }
}
