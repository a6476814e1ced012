package dev.quern.engine.generate;

/**
 * A sequence's part of one step.
 *
 * @param start place of its first token in the sequence
 * @param length tokens; the last one may be drawn and not known yet
 */
record Chunk(Sequence sequence, int start, int length) {
  Chunk {
    if (length < 1) {
      throw new IllegalArgumentException("a chunk of " + length + " tokens");
    }
  }

  /** Tokens of the sequence that are computed once this step has run. */
  int end() {
    return start + length;
  }
}
