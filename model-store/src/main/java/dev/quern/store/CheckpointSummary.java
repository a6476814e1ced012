package dev.quern.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a person wants to know of a checkpoint before serving it.
 *
 * @param contextLength positions the model was made for, if the configuration says
 * @param types elements of each type
 * @param parameters elements in all tensors
 * @param bytes size of all tensors
 * @param kvBytesPerToken keys and values of one token in all layers, in the type the configuration
 *     computes in; empty if the model keeps none or the configuration does not say
 * @param chatTemplate whether the folder has a chat template
 * @param licence as the model card's front matter names it
 */
public record CheckpointSummary(
    Path folder,
    String architecture,
    OptionalLong contextLength,
    Map<StoredType, Long> types,
    long parameters,
    long bytes,
    OptionalLong kvBytesPerToken,
    boolean chatTemplate,
    Optional<String> licence) {
  private static final int MAX_FRONT_MATTER_BYTES = 64 << 10;
  private static final long MAX_TEMPLATE_BYTES = 64L << 20;

  /** Reads the small files beside the tensors, too. */
  public static CheckpointSummary of(Checkpoint checkpoint) {
    Path folder = checkpoint.folder();
    String architecture = checkpoint.architecture();
    // A model that also sees or hears keeps the language model's settings one level down.
    JsonNode nested = checkpoint.config().path("text_config");
    JsonNode config = nested.isObject() ? nested : checkpoint.config();
    return new CheckpointSummary(
        folder,
        architecture,
        first(config, "max_position_embeddings", "n_positions", "max_seq_len"),
        checkpoint.types(),
        checkpoint.parameters(),
        checkpoint.bytes(),
        generates(architecture) ? kvBytes(config, checkpoint.config()) : OptionalLong.empty(),
        hasChatTemplate(checkpoint.files()),
        checkpoint.licence().or(() -> licence(folder.resolve("README.md"))));
  }

  private static boolean generates(String architecture) {
    return architecture.endsWith("ForCausalLM")
        || architecture.endsWith("LMHeadModel")
        || architecture.endsWith("ForConditionalGeneration");
  }

  private static OptionalLong kvBytes(JsonNode config, JsonNode outer) {
    OptionalLong layers = first(config, "num_hidden_layers", "n_layer");
    OptionalLong heads = first(config, "num_attention_heads", "n_head");
    OptionalLong hidden = first(config, "hidden_size", "n_embd");
    if (layers.isEmpty() || heads.isEmpty() || heads.getAsLong() == 0) {
      return OptionalLong.empty();
    }
    OptionalLong headDim = first(config, "head_dim");
    if (headDim.isEmpty() && hidden.isEmpty()) {
      return OptionalLong.empty();
    }
    long kvHeads = first(config, "num_key_value_heads").orElse(heads.getAsLong());
    long width = headDim.orElseGet(() -> hidden.getAsLong() / heads.getAsLong());
    return OptionalLong.of(2 * layers.getAsLong() * kvHeads * width * elementBytes(config, outer));
  }

  private static int elementBytes(JsonNode config, JsonNode outer) {
    for (JsonNode node : new JsonNode[] {config, outer}) {
      for (String key : new String[] {"dtype", "torch_dtype"}) {
        if (node.path(key).asText().equals("float32")) {
          return 4;
        }
      }
    }
    return 2;
  }

  private static OptionalLong first(JsonNode config, String... keys) {
    for (String key : keys) {
      JsonNode value = config.path(key);
      if (value.canConvertToLong() && value.isIntegralNumber() && value.longValue() >= 0) {
        return OptionalLong.of(value.longValue());
      }
    }
    return OptionalLong.empty();
  }

  static boolean hasChatTemplate(ModelFiles files) {
    return files.read("chat_template.jinja", MAX_TEMPLATE_BYTES).isPresent()
        || files.read("chat_template.json", MAX_TEMPLATE_BYTES).isPresent()
        || files
            .read("tokenizer_config.json", MAX_TEMPLATE_BYTES)
            .map(text -> JsonFiles.parseObject(files.path("tokenizer_config.json"), text))
            .filter(config -> config.hasNonNull("chat_template"))
            .isPresent();
  }

  /** The {@code license} of a model card's YAML front matter; its name where it says "other". */
  private static Optional<String> licence(Path card) {
    if (!Files.isRegularFile(card)) {
      return Optional.empty();
    }
    String start;
    try (InputStream in = Files.newInputStream(card)) {
      start = new String(in.readNBytes(MAX_FRONT_MATTER_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw JsonFiles.unreadable(card, e);
    }
    String[] lines = start.split("\\R", -1);
    if (!lines[0].strip().equals("---")) {
      return Optional.empty();
    }
    Optional<String> licence = Optional.empty();
    for (int i = 1; i < lines.length && !lines[i].strip().equals("---"); i++) {
      if (lines[i].startsWith("license_name:")) {
        return scalar(lines[i]);
      }
      if (lines[i].startsWith("license:")) {
        licence = scalar(lines[i]);
      }
    }
    return licence;
  }

  private static Optional<String> scalar(String line) {
    String value = line.substring(line.indexOf(':') + 1).strip().replaceAll("^[\"']|[\"']$", "");
    return value.isEmpty() ? Optional.empty() : Optional.of(value);
  }
}
