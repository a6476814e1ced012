package dev.quern.store.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.ModelFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code tokenizer.json} and {@code tokenizer_config.json} made from a GGUF file's metadata, anew
 * each time they are asked for.
 */
final class GgufTexts implements ModelFiles {
  /** The whole of a {@code tokenizer.json}, which some converters put into the file. */
  private static final String WHOLE_TOKENIZER = "tokenizer.huggingface.json";

  private static final String CHAT_TEMPLATE = "tokenizer.chat_template";
  private static final String CHAT_TEMPLATES = "tokenizer.chat_templates";

  private static final Map<String, String> SPECIAL_TOKENS =
      Map.of(
          "bos_token_id", "bos_token",
          "eos_token_id", "eos_token",
          "unknown_token_id", "unk_token",
          "padding_token_id", "pad_token");

  private final Path file;
  private final GgufMetadata metadata;

  GgufTexts(Path file, GgufMetadata metadata) {
    this.file = file;
    this.metadata = metadata;
  }

  /** A text made from a file in memory is not longer than that file: no bound is needed. */
  @Override
  public Optional<String> read(String name, long maxBytes) {
    return switch (name) {
      case "tokenizer.json" -> tokenizer();
      case "tokenizer_config.json" -> Optional.of(tokenizerConfig().toString());
      default -> Optional.empty();
    };
  }

  @Override
  public List<String> names(String folder) {
    return List.of();
  }

  @Override
  public Path location() {
    return file;
  }

  @Override
  public Path path(String name) {
    return file;
  }

  private Optional<String> tokenizer() {
    Optional<String> whole = metadata.text(WHOLE_TOKENIZER);
    if (whole.isPresent()) {
      return whole;
    }
    return metadata.has(GgufVocabulary.MODEL)
        ? Optional.of(GgufTokenizer.json(new GgufVocabulary(metadata)))
        : Optional.empty();
  }

  private ObjectNode tokenizerConfig() {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    List<String> tokens = metadata.texts(GgufVocabulary.TOKENS).orElse(List.of());
    SPECIAL_TOKENS.forEach(
        (key, name) ->
            metadata
                .whole("tokenizer.ggml." + key)
                .ifPresent(
                    id -> {
                      if (id < tokens.size()) {
                        config.put(name, tokens.get((int) id));
                      }
                    }));
    addTemplates(config);
    return config;
  }

  private void addTemplates(ObjectNode config) {
    Optional<String> main = metadata.text(CHAT_TEMPLATE);
    List<String> others = metadata.texts(CHAT_TEMPLATES).orElse(List.of());
    if (others.isEmpty()) {
      main.ifPresent(template -> config.put("chat_template", template));
      return;
    }
    ArrayNode named = config.putArray("chat_template");
    main.ifPresent(template -> named.addObject().put("name", "default").put("template", template));
    for (String name : others) {
      metadata
          .text(CHAT_TEMPLATE + "." + name)
          .ifPresent(template -> named.addObject().put("name", name).put("template", template));
    }
  }
}
