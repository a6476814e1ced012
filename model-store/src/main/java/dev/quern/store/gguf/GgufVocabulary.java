package dev.quern.store.gguf;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The tokens of a GGUF file, with checked ids. */
final class GgufVocabulary {
  static final String MODEL = "tokenizer.ggml.model";
  static final String TOKENS = "tokenizer.ggml.tokens";
  static final String TYPES = "tokenizer.ggml.token_type";
  private static final String SCORES = "tokenizer.ggml.scores";
  private static final String MERGES = "tokenizer.ggml.merges";

  /** Token types that matter: the others are written like any text. */
  static final int UNKNOWN = 2;

  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;

  private final GgufMetadata metadata;
  private final List<String> tokens;
  private final Optional<GgufValue.Numbers> types;

  /**
   * @throws dev.quern.store.QuernException BAD_REQUEST if there are no tokens, or not as many types
   */
  GgufVocabulary(GgufMetadata metadata) {
    this.metadata = metadata;
    this.tokens = metadata.texts(TOKENS).orElseThrow(() -> metadata.error(TOKENS, "is missing"));
    this.types = perToken(TYPES);
  }

  GgufMetadata metadata() {
    return metadata;
  }

  /** What kind of tokenizer: {@code llama} for SentencePiece's BPE, {@code gpt2} for bytes' BPE. */
  String model() {
    return metadata.text(MODEL).orElse("");
  }

  int size() {
    return tokens.size();
  }

  /** The token's text; one that is empty gets a name, as in llama.cpp. */
  String token(int id) {
    String token = tokens.get(id);
    return token.isEmpty() ? "[EMPTY_" + id + "]" : token;
  }

  int type(int id) {
    return types.isPresent() ? (int) types.get().whole(id) : 1;
  }

  /** Log-probabilities of the tokens. */
  GgufValue.Numbers scores() {
    return perToken(SCORES).orElseThrow(() -> metadata.error(SCORES, "is missing"));
  }

  /** Pairs of tokens with a blank between, most frequent first. */
  List<String> merges() {
    return metadata.texts(MERGES).orElseThrow(() -> metadata.error(MERGES, "is missing"));
  }

  /**
   * The id under a key such as {@code bos_token_id}.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST if no token has it
   */
  OptionalLong special(String name) {
    String key = "tokenizer.ggml." + name;
    OptionalLong id = metadata.whole(key);
    if (id.isPresent() && id.getAsLong() >= tokens.size()) {
      throw metadata.error(key, "is " + id.getAsLong() + " of " + tokens.size() + " tokens");
    }
    return id;
  }

  private Optional<GgufValue.Numbers> perToken(String key) {
    Optional<GgufValue.Numbers> numbers = metadata.numbers(key);
    if (numbers.isPresent() && numbers.get().size() != tokens.size()) {
      throw metadata.error(
          key, "has " + numbers.get().size() + " entries for " + tokens.size() + " tokens");
    }
    return numbers;
  }
}
