package dev.quern.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.gguf.GgufCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * A model on disk, in whatever format: its configuration, its text files and where each tensor
 * lies, all in the terms of the Hugging Face layout.
 *
 * <p>Opening reads the configuration and the headers of the tensor files, not the tensors.
 * Immutable, but for the JSON trees, which callers must leave as they are.
 */
public interface Checkpoint {
  /**
   * Opens a checkpoint: a folder in the Hugging Face layout, a {@code *.gguf} file, or a folder
   * that holds one of those and no {@code config.json}.
   *
   * <p>The layout is {@code config.json} and either {@code model.safetensors}, or shards named by
   * {@code model.safetensors.index.json}, or else any {@code *.safetensors}.
   *
   * @throws QuernException NOT_FOUND if the path or a needed file is absent, BAD_REQUEST if a file
   *     is truncated, corrupt or of a kind Quern does not read; the message names the file and what
   *     to do
   */
  static Checkpoint open(Path path) {
    Path absolute = path.toAbsolutePath();
    if (GgufCheckpoint.isGguf(absolute)) {
      return GgufCheckpoint.open(absolute);
    }
    if (!Files.isDirectory(absolute)) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND,
          Files.exists(absolute)
              ? absolute
                  + " is a file: name the folder that holds config.json and *.safetensors, or a"
                  + " *.gguf file"
              : "there is no folder " + absolute + ": check the path, or download the model");
    }
    return GgufCheckpoint.onlyModelIn(absolute)
        .map(GgufCheckpoint::open)
        .orElseGet(() -> FolderCheckpoint.open(absolute));
  }

  /** The folder that it lies in, as an absolute path. */
  Path folder();

  /** What {@link #open} reads it from again: its folder, or a GGUF model's first file. */
  default Path path() {
    return folder();
  }

  /** The file that {@link #config} comes from. */
  Path configFile();

  /** What {@code config.json} holds. */
  JsonNode config();

  /** What {@code generation_config.json} holds, if there is one. */
  Optional<JsonNode> generationConfig();

  /** The licence, where the format has a place for it; a model card may say it otherwise. */
  default Optional<String> licence() {
    return Optional.empty();
  }

  /** The tokenizer, chat templates and other texts. */
  ModelFiles files();

  /** All tensors by name. */
  Map<String, TensorEntry> tensors();

  /** The tensor files for a message, for example {@code /m/a.safetensors and 3 more files}. */
  String describeTensorFiles();

  /**
   * The tensor called {@code name}.
   *
   * @throws QuernException BAD_REQUEST if the checkpoint has none
   */
  default TensorEntry tensor(String name) {
    TensorEntry entry = tensors().get(name);
    if (entry == null) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "there is no tensor '"
              + name
              + "' in "
              + describeTensorFiles()
              + ": the checkpoint is incomplete or its config.json belongs to another model;"
              + " download both again");
    }
    return entry;
  }

  default boolean has(String name) {
    return tensors().containsKey(name);
  }

  /**
   * The first of {@code architectures} in {@code config.json}, for example {@code
   * LlamaForCausalLM}.
   *
   * @throws QuernException BAD_REQUEST if the configuration names none
   */
  default String architecture() {
    JsonNode first = config().path("architectures").path(0);
    if (!first.isTextual()) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          configFile()
              + " names no architecture: add \"architectures\": [\"...ForCausalLM\"] or download"
              + " the file again");
    }
    return first.textValue();
  }

  /** Number of elements in all tensors. */
  default long parameters() {
    return types().values().stream().mapToLong(Long::longValue).sum();
  }

  /** Size of all tensors in bytes. */
  default long bytes() {
    return tensors().values().stream().mapToLong(TensorEntry::bytes).sum();
  }

  /** Number of elements of each type that occurs. */
  default Map<StoredType, Long> types() {
    Map<StoredType, Long> elements = new EnumMap<>(StoredType.class);
    for (TensorEntry entry : tensors().values()) {
      elements.merge(entry.type(), entry.elements(), Long::sum);
    }
    return Collections.unmodifiableMap(elements);
  }
}
