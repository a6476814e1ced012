package dev.quern.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;

/** A model's folder in the Hugging Face layout. */
final class FolderCheckpoint implements Checkpoint {
  private final Path folder;
  private final JsonNode config;
  private final Optional<JsonNode> generationConfig;
  private final TensorFiles tensorFiles;
  private final Map<String, TensorEntry> tensors;

  private FolderCheckpoint(
      Path folder, JsonNode config, Optional<JsonNode> generationConfig, TensorFiles tensorFiles) {
    this.folder = folder;
    this.config = config;
    this.generationConfig = generationConfig;
    this.tensorFiles = tensorFiles;
    this.tensors = Collections.unmodifiableMap(Float8Scales.applied(tensorFiles.tensors(), config));
  }

  /** See {@link Checkpoint#open}. */
  static Checkpoint open(Path folder) {
    JsonNode config = readConfig(folder);
    Path generation = folder.resolve("generation_config.json");
    Optional<JsonNode> generationConfig =
        Files.exists(generation) ? Optional.of(JsonFiles.readObject(generation)) : Optional.empty();
    return new FolderCheckpoint(folder, config, generationConfig, TensorFiles.find(folder));
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

  @Override
  public Path folder() {
    return folder;
  }

  @Override
  public Path configFile() {
    return folder.resolve("config.json");
  }

  @Override
  public JsonNode config() {
    return config;
  }

  @Override
  public Optional<JsonNode> generationConfig() {
    return generationConfig;
  }

  @Override
  public ModelFiles files() {
    return ModelFiles.in(folder);
  }

  @Override
  public Map<String, TensorEntry> tensors() {
    return tensors;
  }

  @Override
  public String describeTensorFiles() {
    return tensorFiles.describe();
  }

  @Override
  public String toString() {
    return "Checkpoint[" + folder + "]";
  }
}
