package dev.quern.store.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.Names;

/**
 * How a byte-level BPE cuts text into words before it merges within them. GGUF files hold only a
 * name for it ({@code tokenizer.ggml.pre}); the expressions are those of the tokenizers that the
 * names stand for.
 *
 * @param split a regular expression whose matches are the words; empty: GPT-2's own
 * @param digits whether each digit is a word
 * @param composed whether text is brought to Unicode's form NFC first
 * @param wholeWords whether a word that is a token is taken whole, merges or not
 * @param beginsText whether a text begins with the begin-of-sequence token where the file is silent
 */
record GgufPreTokenizer(
    String split, boolean digits, boolean composed, boolean wholeWords, boolean beginsText) {
  private static final String KEY = "tokenizer.ggml.pre";

  private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String REST =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String SLASH_REST =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String LETTERS = "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String BEFORE_WORD = "[^\\r\\n\\p{L}\\p{N}]?";

  private static final String LLAMA3 = CONTRACTIONS + LETTERS + "|\\p{N}{1,3}" + REST;
  private static final String QWEN2 = CONTRACTIONS + LETTERS + "|\\p{N}" + REST;
  private static final String TEKKEN = byCase("") + "|\\p{N}" + SLASH_REST;
  private static final String GPT4O = byCase(CONTRACTIONS + "?") + "|\\p{N}{1,3}" + SLASH_REST;

  /** Words end where lower case goes over to upper case. */
  private static String byCase(String after) {
    return BEFORE_WORD
        + UPPER
        + "*"
        + LOWER
        + "+"
        + after
        + "|"
        + BEFORE_WORD
        + UPPER
        + "+"
        + LOWER
        + "*"
        + after;
  }

  /**
   * The pre-tokenizer that the file names.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST if it names none, or one that is not known:
   *     another one would give the model words it was not trained with
   */
  static GgufPreTokenizer of(GgufMetadata metadata) {
    String name =
        metadata
            .text(KEY)
            .orElseThrow(
                () ->
                    metadata.error(
                        KEY,
                        "is missing, without which words cannot be told apart: take a file made"
                            + " by a newer llama.cpp (from May 2024 on)"));
    return switch (name) {
      case "llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "lfm2" ->
          new GgufPreTokenizer(LLAMA3, false, false, true, true);
      case "smaug-bpe", "dbrx" -> new GgufPreTokenizer(LLAMA3, false, false, false, false);
      case "qwen2", "deepseek-r1-qwen", "megrez" ->
          new GgufPreTokenizer(QWEN2, false, true, false, false);
      case "tekken" -> new GgufPreTokenizer(TEKKEN, false, false, true, true);
      case "gpt-4o", "llama4" -> new GgufPreTokenizer(GPT4O, false, false, false, false);
      case "gpt-2", "gpt2", "phi-2", "olmo" -> new GgufPreTokenizer("", false, false, false, false);
      case "smollm", "starcoder", "refact", "command-r", "codeshell" ->
          new GgufPreTokenizer("", true, false, false, false);
      default ->
          throw metadata.error(
              KEY,
              "is '"
                  + Names.quoted(name)
                  + "', which Quern does not know: use the model's safetensors with its"
                  + " tokenizer.json");
    };
  }

  /** The entry of {@code tokenizer.json}. */
  ObjectNode json() {
    ObjectNode sequence = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("pretokenizers");
    if (digits) {
      steps.addObject().put("type", "Digits").put("individual_digits", true);
    }
    if (!split.isEmpty()) {
      ObjectNode splitting = steps.addObject().put("type", "Split");
      splitting.putObject("pattern").put("Regex", split);
      splitting.put("behavior", "Isolated").put("invert", false);
    }
    steps
        .addObject()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", split.isEmpty());
    return sequence;
  }
}
