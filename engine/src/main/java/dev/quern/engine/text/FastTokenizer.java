package dev.quern.engine.text;

import dev.quern.store.ErrorCategory;
import dev.quern.store.ModelFiles;
import dev.quern.store.QuernException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The tokenizer that a checkpoint's {@code tokenizer.json} describes, run by the Rust {@code
 * tokenizers} library, so that its ids and texts are those the model was trained with.
 *
 * <p>No truncation, no padding, no clean-up of spaces. Owns native memory until {@link #close};
 * after that every native call is an UNAVAILABLE error.
 */
public final class FastTokenizer implements Tokenizer {
  private static final String FILE = "tokenizer.json";

  /** Twenty times the largest known; it is held in memory while it is parsed. */
  private static final long MAX_BYTES = 512L << 20;

  private final NativeTokenizer tokenizer;
  private final TokenizerVocabulary vocabulary;

  private FastTokenizer(NativeTokenizer tokenizer, TokenizerVocabulary vocabulary) {
    this.tokenizer = tokenizer;
    this.vocabulary = vocabulary;
  }

  /** {@link #load(ModelFiles)} of a model's folder. */
  public static FastTokenizer load(Path folder) {
    return load(ModelFiles.in(folder));
  }

  /**
   * Reads a model's {@code tokenizer.json}.
   *
   * @throws QuernException NOT_FOUND if there is none, BAD_REQUEST if it cannot be used; the
   *     message names the file and what to do
   */
  public static FastTokenizer load(ModelFiles files) {
    Path file = files.path(FILE);
    String json = files.read(FILE, MAX_BYTES).orElseThrow(() -> absent(files));
    TokenizerVocabulary vocabulary = TokenizerVocabulary.parse(file, json);
    try {
      return new FastTokenizer(NativeTokenizer.create(json), vocabulary);
    } catch (QuernException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          file
              + " is not a tokenizer Quern can read: "
              + e.getMessage()
              + ". Download it again, or use a revision of the model saved by an older version of"
              + " the tokenizers library",
          e);
    }
  }

  private static QuernException absent(ModelFiles files) {
    String why =
        Files.exists(files.path("tokenizer.model"))
            ? "there is only tokenizer.model, in SentencePiece's own format, which Quern does not"
                + " read: save the tokenizer as tokenizer.json with the transformers library, or"
                + " use a revision of the model that has one"
            : "download the model's tokenizer.json into its folder";
    return new QuernException(
        ErrorCategory.NOT_FOUND, "there is no " + FILE + " in " + files.location() + ": " + why);
  }

  /** Token ids of {@code text}; unpaired surrogates count as U+FFFD. */
  @Override
  public int[] encode(String text, boolean addSpecialTokens) {
    return tokenizer.encode(withoutLoneSurrogates(text), addSpecialTokens);
  }

  @Override
  public EncodedText encodeText(String text) {
    return tokenizer.encodeText(withoutLoneSurrogates(text));
  }

  @Override
  public EncodedText encodePair(String first, String second) {
    return tokenizer.encodePair(withoutLoneSurrogates(first), withoutLoneSurrogates(second));
  }

  /** Text of {@code ids}; an id that names no token adds nothing. */
  @Override
  public String decode(int[] ids, boolean skipSpecialTokens) {
    return tokenizer.decode(ids, skipSpecialTokens);
  }

  @Override
  public String tokenText(int id) {
    return vocabulary.text(id);
  }

  @Override
  public OptionalInt tokenId(String tokenText) {
    return vocabulary.id(tokenText);
  }

  @Override
  public Set<Integer> specialTokens() {
    return vocabulary.special();
  }

  @Override
  public int vocabularySize() {
    return vocabulary.size();
  }

  @Override
  public int maxCharsPerToken() {
    return vocabulary.maxCharsPerToken();
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  /** The binding would replace every letter outside the BMP if a single surrogate had no mate. */
  private static String withoutLoneSurrogates(String text) {
    int first = firstLoneSurrogate(text, 0);
    if (first < 0) {
      return text;
    }
    StringBuilder mended = new StringBuilder(text);
    for (int at = first; at >= 0; at = firstLoneSurrogate(mended, at + 1)) {
      mended.setCharAt(at, '\uFFFD');
    }
    return mended.toString();
  }

  private static int firstLoneSurrogate(CharSequence text, int from) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return i;
      }
    }
    return -1;
  }
}
