package dev.quern.engine.embed;

/** One thing to be encoded. */
public sealed interface EncoderText {
  /** A text, not yet tokenised. */
  record Text(String text) implements EncoderText {}

  /** Two texts that the model reads together: a query and a document, say. */
  record Pair(String first, String second) implements EncoderText {}

  /** Token ids as the model takes them: no special tokens are added. */
  record Tokens(int[] ids) implements EncoderText {}
}
