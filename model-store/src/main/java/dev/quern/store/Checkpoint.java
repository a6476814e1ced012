package dev.quern.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * A model's folder in the Hugging Face layout: its configuration and where each tensor lies.
 *
 * <p>Opening reads the JSON and the headers of the tensor files, not the tensors. Immutable, but
 * for the JSON trees, which callers must leave as they are.
 */
public final class Checkpoint {
  private final Path folder;
  private final JsonNode config;
  private final Optional<JsonNode> generationConfig;
  private final TensorFiles tensorFiles;

  private Checkpoint(
      Path folder, JsonNode config, Optional<JsonNode> generationConfig, TensorFiles tensorFiles) {
    this.folder = folder;
    this.config = config;
    this.generationConfig = generationConfig;
    this.tensorFiles = tensorFiles;
  }

  /**
   * Opens the folder {@code path}, which holds {@code config.json} and either {@code
   * model.safetensors}, or shards named by {@code model.safetensors.index.json}, or else any {@code
   * *.safetensors}.
   *
   * @throws QuernException NOT_FOUND if the folder or a needed file is absent, BAD_REQUEST if a
   *     file is truncated, corrupt or of a kind Quern does not read; the message names the file and
   *     what to do
   */
  public static Checkpoint open(Path path) {
    Path folder = path.toAbsolutePath();
    if (!Files.isDirectory(folder)) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND,
          Files.exists(folder)
              ? folder + " is a file: name the folder that holds config.json and *.safetensors"
              : "there is no folder " + folder + ": check the path, or download the model");
    }
    JsonNode config = readConfig(folder);
    Path generation = folder.resolve("generation_config.json");
    Optional<JsonNode> generationConfig =
        Files.exists(generation) ? Optional.of(JsonFiles.readObject(generation)) : Optional.empty();
    return new Checkpoint(folder, config, generationConfig, TensorFiles.find(folder));
  }

  private static JsonNode readConfig(Path folder) {
    Path file = folder.resolve("config.json");
    if (Files.exists(file)) {
      return JsonFiles.readObject(file);
    }
    String advice;
    if (Files.exists(folder.resolve("adapter_config.json"))) {
      advice = "it holds a LoRA adapter: name the folder of its base model";
    } else if (Files.exists(folder.resolve("model_index.json"))) {
      advice = "it holds a diffusion pipeline, which is not a language model";
    } else {
      TensorFiles.refuseForeignFormats(folder);
      advice = "name a folder in the Hugging Face layout, or download the model again";
    }
    throw new QuernException(
        ErrorCategory.NOT_FOUND, "there is no config.json in " + folder + ": " + advice);
  }

  /** The folder as an absolute path. */
  public Path folder() {
    return folder;
  }

  /** What {@code config.json} holds. */
  public JsonNode config() {
    return config;
  }

  /** What {@code generation_config.json} holds, if there is one. */
  public Optional<JsonNode> generationConfig() {
    return generationConfig;
  }

  /** All tensors by name. */
  public Map<String, TensorEntry> tensors() {
    return tensorFiles.tensors();
  }

  /**
   * The tensor called {@code name}.
   *
   * @throws QuernException BAD_REQUEST if the checkpoint has none
   */
  public TensorEntry tensor(String name) {
    TensorEntry entry = tensorFiles.tensors().get(name);
    if (entry == null) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "there is no tensor '"
              + name
              + "' in "
              + tensorFiles.describe()
              + ": the checkpoint is incomplete or its config.json belongs to another model;"
              + " download both again");
    }
    return entry;
  }

  public boolean has(String name) {
    return tensorFiles.tensors().containsKey(name);
  }

  /**
   * The first of {@code architectures} in {@code config.json}, for example {@code
   * LlamaForCausalLM}.
   *
   * @throws QuernException BAD_REQUEST if the configuration names none
   */
  public String architecture() {
    JsonNode first = config.path("architectures").path(0);
    if (!first.isTextual()) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          folder.resolve("config.json")
              + " names no architecture: add \"architectures\": [\"...ForCausalLM\"] or download"
              + " the file again");
    }
    return first.textValue();
  }

  /** Number of elements in all tensors. */
  public long parameters() {
    return types().values().stream().mapToLong(Long::longValue).sum();
  }

  /** Size of all tensors in bytes. */
  public long bytes() {
    return tensorFiles.tensors().values().stream().mapToLong(TensorEntry::bytes).sum();
  }

  /** Number of elements of each type that occurs. */
  public Map<StoredType, Long> types() {
    Map<StoredType, Long> elements = new EnumMap<>(StoredType.class);
    for (TensorEntry entry : tensorFiles.tensors().values()) {
      elements.merge(entry.type(), entry.elements(), Long::sum);
    }
    return Collections.unmodifiableMap(elements);
  }

  @Override
  public String toString() {
    return "Checkpoint[" + folder + "]";
  }
}
