package dev.quern.engine.text;

import java.util.OptionalInt;
import java.util.Set;

/** A checkpoint's tokenizer. Safe for use by many threads. */
public interface Tokenizer extends AutoCloseable {
  /**
   * Token ids of {@code text}.
   *
   * @param addSpecialTokens whether the tokenizer's own template (a leading BOS, say) is applied
   */
  int[] encode(String text, boolean addSpecialTokens);

  /** A text with the tokenizer's own special tokens, as an encoder takes it. */
  EncodedText encodeText(String text);

  /** Two texts, joined as the tokenizer's template joins a pair. */
  EncodedText encodePair(String first, String second);

  /** Text of {@code ids}; malformed bytes become U+FFFD. */
  String decode(int[] ids, boolean skipSpecialTokens);

  /**
   * The vocabulary's own spelling of a token (byte-level alphabet and all); empty if there is none.
   */
  String tokenText(int id);

  OptionalInt tokenId(String tokenText);

  /** Ids that are special: left out by {@code skipSpecialTokens}. */
  Set<Integer> specialTokens();

  /** One more than the largest id. */
  int vocabularySize();

  /**
   * Most chars of a text that one token can stand for, or {@link Integer#MAX_VALUE} if there is no
   * bound. A text of more than this times a context's length can be refused without encoding it,
   * which for megabytes of text takes seconds and hundreds of bytes of native memory a token.
   */
  default int maxCharsPerToken() {
    return Integer.MAX_VALUE;
  }

  @Override
  void close();
}
