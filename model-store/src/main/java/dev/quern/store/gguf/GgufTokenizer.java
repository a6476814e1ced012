package dev.quern.store.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A {@code tokenizer.json} for the Hugging Face tokenizers library, from a vocabulary in GGUF.
 *
 * <p>{@code gpt2} vocabularies are BPE over bytes written as letters, with their merges. {@code
 * llama} vocabularies are SentencePiece's BPE, which merges whatever makes the likeliest token:
 * {@link SentencePieceMerges} turns scores into merges.
 */
final class GgufTokenizer {
  /** SentencePiece's blank, U+2581. */
  private static final String BLANK = "\u2581";

  private final GgufVocabulary vocabulary;
  private final GgufMetadata metadata;
  private final ObjectNode json = JsonNodeFactory.instance.objectNode();

  private GgufTokenizer(GgufVocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.metadata = vocabulary.metadata();
  }

  /**
   * The file's text.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST if the metadata is inconsistent or of a kind
   *     that is not known
   */
  static String json(GgufVocabulary vocabulary) {
    GgufTokenizer tokenizer = new GgufTokenizer(vocabulary);
    tokenizer.json.put("version", "1.0").putNull("truncation").putNull("padding");
    tokenizer.addAddedTokens();
    switch (vocabulary.model()) {
      case "gpt2" -> tokenizer.addByteLevel();
      case "llama" -> tokenizer.addSentencePiece();
      default ->
          throw vocabulary
              .metadata()
              .error(
                  GgufVocabulary.MODEL,
                  "is '"
                      + Names.quoted(vocabulary.model())
                      + "', and Quern reads gpt2 and llama: use the model's safetensors with its"
                      + " tokenizer.json");
    }
    return tokenizer.json.toString();
  }

  private void addAddedTokens() {
    ArrayNode added = json.putArray("added_tokens");
    for (int id = 0; id < vocabulary.size(); id++) {
      int type = vocabulary.type(id);
      boolean special = type == GgufVocabulary.CONTROL || type == GgufVocabulary.UNKNOWN;
      if (special || type == GgufVocabulary.USER_DEFINED) {
        added
            .addObject()
            .put("id", id)
            .put("content", vocabulary.token(id))
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", special);
      }
    }
  }

  private void addByteLevel() {
    GgufPreTokenizer words = GgufPreTokenizer.of(metadata);
    if (words.composed()) {
      json.putObject("normalizer").put("type", "NFC");
    } else {
      json.putNull("normalizer");
    }
    json.set("pre_tokenizer", words.json());
    addPostProcessor(words.beginsText());
    json.putObject("decoder")
        .put("type", "ByteLevel")
        .put("add_prefix_space", true)
        .put("trim_offsets", true)
        .put("use_regex", true);
    ObjectNode model = json.putObject("model");
    model.put("type", "BPE").putNull("unk_token").put("ignore_merges", words.wholeWords());
    addVocabulary(model);
    ArrayNode merges = model.putArray("merges");
    for (String merge : vocabulary.merges()) {
      // The first token may begin with a blank only where a blank is a token of its own.
      int blank = merge.indexOf(' ', 1);
      if (blank < 0 || blank == merge.length() - 1) {
        throw metadata.error(
            "tokenizer.ggml.merges",
            "has the entry '" + Names.quoted(merge) + "', which is not two tokens");
      }
      merges.addArray().add(merge.substring(0, blank)).add(merge.substring(blank + 1));
    }
  }

  private void addSentencePiece() {
    boolean prefix = metadata.flag("tokenizer.ggml.add_space_prefix").orElse(true);
    addSentencePieceNormalizer(prefix);
    json.putNull("pre_tokenizer");
    addPostProcessor(/* beginsText= */ true);
    addSentencePieceDecoder(prefix);
    int unknown = (int) vocabulary.special("unknown_token_id").orElse(0);
    ObjectNode model = json.putObject("model");
    model
        .put("type", "BPE")
        .put("unk_token", unknown < vocabulary.size() ? vocabulary.token(unknown) : null)
        .put("fuse_unk", true)
        .put("byte_fallback", true)
        .put("ignore_merges", false);
    addVocabulary(model);
    ArrayNode merges = model.putArray("merges");
    for (SentencePieceMerges.Merge merge : SentencePieceMerges.of(vocabulary)) {
      merges.addArray().add(merge.left()).add(merge.right());
    }
  }

  private void addSentencePieceNormalizer(boolean prefix) {
    ObjectNode normalizer = json.putObject("normalizer").put("type", "Sequence");
    ArrayNode steps = normalizer.putArray("normalizers");
    if (prefix) {
      steps.addObject().put("type", "Prepend").put("prepend", BLANK);
    }
    steps
        .addObject()
        .put("type", "Replace")
        .put("content", BLANK)
        .putObject("pattern")
        .put("String", " ");
  }

  private void addSentencePieceDecoder(boolean prefix) {
    ObjectNode decoder = json.putObject("decoder").put("type", "Sequence");
    ArrayNode steps = decoder.putArray("decoders");
    steps
        .addObject()
        .put("type", "Replace")
        .put("content", " ")
        .putObject("pattern")
        .put("String", BLANK);
    steps.addObject().put("type", "ByteFallback");
    steps.addObject().put("type", "Fuse");
    if (prefix) {
      steps.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
  }

  private void addVocabulary(ObjectNode model) {
    ObjectNode ids = model.putObject("vocab");
    for (int id = 0; id < vocabulary.size(); id++) {
      if (ids.put(vocabulary.token(id), id).size() != id + 1) {
        throw metadata.error(
            GgufVocabulary.TOKENS, "has '" + Names.quoted(vocabulary.token(id)) + "' twice");
      }
    }
  }

  /** Tokens put before and after a text. */
  private void addPostProcessor(boolean beginsText) {
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    if (metadata.flag("tokenizer.ggml.add_bos_token").orElse(beginsText)) {
      before.add(needed("bos_token_id"));
    }
    if (metadata.flag("tokenizer.ggml.add_eos_token").orElse(false)) {
      after.add(needed("eos_token_id"));
    }
    if (before.isEmpty() && after.isEmpty()) {
      json.putNull("post_processor");
      return;
    }
    ObjectNode processor = json.putObject("post_processor").put("type", "TemplateProcessing");
    addTemplate(processor.putArray("single"), before, after, "A");
    addTemplate(processor.putArray("pair"), before, after, "A", "B");
    ObjectNode specials = processor.putObject("special_tokens");
    before.forEach(id -> addSpecial(specials, id));
    after.forEach(id -> addSpecial(specials, id));
  }

  private void addTemplate(
      ArrayNode template, List<Integer> before, List<Integer> after, String... sequences) {
    before.forEach(id -> piece(template, "SpecialToken", vocabulary.token(id)));
    for (String sequence : sequences) {
      piece(template, "Sequence", sequence);
    }
    after.forEach(id -> piece(template, "SpecialToken", vocabulary.token(id)));
  }

  private static void piece(ArrayNode template, String kind, String id) {
    template.addObject().putObject(kind).put("id", id).put("type_id", 0);
  }

  private void addSpecial(ObjectNode specials, int id) {
    ObjectNode special = specials.putObject(vocabulary.token(id)).put("id", vocabulary.token(id));
    special.putArray("ids").add(id);
    special.putArray("tokens").add(vocabulary.token(id));
  }

  private int needed(String name) {
    OptionalLong id = vocabulary.special(name);
    if (id.isEmpty()) {
      throw metadata.error(
          "tokenizer.ggml." + name, "is missing, and texts are to begin or end with it");
    }
    return (int) id.getAsLong();
  }
}
