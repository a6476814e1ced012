package dev.quern.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a folder holds, whether Quern can serve it or not.
 *
 * @param architecture the class of a language model or of a diffusion pipeline
 * @param components of a diffusion pipeline: its class by folder
 * @param types elements of each type
 * @param problem why it cannot be read, if so; the rest is then what could be told all the same
 */
public record ModelDescription(
    ModelKind kind,
    Optional<String> architecture,
    Map<String, String> components,
    Map<StoredType, Long> types,
    Optional<String> problem) {
  private static final String PIPELINE = "model_index.json";
  private static final String TENSORS = ".safetensors";
  private static final String HALF_VARIANT = ".fp16" + TENSORS;

  public ModelDescription {
    components = Collections.unmodifiableMap(new LinkedHashMap<>(components));
    types = Map.copyOf(types);
  }

  /** Reads the small files of {@code folder} and the headers of its tensor files. */
  public static ModelDescription of(Path folder) {
    if (Files.exists(folder.resolve(PIPELINE))) {
      return pipeline(folder);
    }
    try {
      Checkpoint checkpoint = Checkpoint.open(folder);
      String architecture = checkpoint.architecture();
      return new ModelDescription(
          ModelKind.of(architecture, CheckpointSummary.hasChatTemplate(checkpoint.files())),
          Optional.of(architecture),
          Map.of(),
          checkpoint.types(),
          Optional.empty());
    } catch (QuernException e) {
      return unreadable(otherKind(folder), e);
    }
  }

  /** Elements in all tensors. */
  public long parameters() {
    return types.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The type that most elements have. */
  public Optional<StoredType> mainType() {
    return types.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey);
  }

  private static ModelDescription pipeline(Path folder) {
    try {
      JsonNode index = JsonFiles.readObject(folder.resolve(PIPELINE));
      Map<String, String> components = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> item : index.properties()) {
        // "unet": ["diffusers", "UNet2DConditionModel"]; an absent component has nulls.
        if (item.getValue().isArray() && item.getValue().path(1).isTextual()) {
          components.put(item.getKey(), item.getValue().path(1).textValue());
        }
      }
      Map<StoredType, Long> types = new EnumMap<>(StoredType.class);
      for (String component : components.keySet()) {
        for (Path file : tensorFiles(folder, component)) {
          for (TensorEntry tensor : SafetensorsFile.read(file).tensors()) {
            types.merge(tensor.type(), tensor.elements(), Long::sum);
          }
        }
      }
      return new ModelDescription(
          ModelKind.DIFFUSION,
          Optional.ofNullable(index.path("_class_name").textValue()),
          components,
          types,
          Optional.empty());
    } catch (QuernException e) {
      return unreadable(ModelKind.DIFFUSION, e);
    }
  }

  /** Those of a component, without half-precision copies of what is there in full. */
  private static List<Path> tensorFiles(Path folder, String component) {
    Path parent = folder.resolve(component).normalize();
    if (!parent.startsWith(folder) || !Files.isDirectory(parent)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(parent)) {
      return files
          .filter(file -> file.toString().endsWith(TENSORS))
          .filter(file -> !repeatsFullPrecision(file))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw JsonFiles.unreadable(parent, e);
    }
  }

  private static boolean repeatsFullPrecision(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.endsWith(HALF_VARIANT)
        && Files.exists(file.resolveSibling(name.replace(HALF_VARIANT, TENSORS)));
  }

  private static ModelKind otherKind(Path folder) {
    if (Files.exists(folder.resolve("adapter_config.json"))) {
      return ModelKind.ADAPTER;
    }
    if (!Files.isDirectory(folder)) {
      return ModelKind.UNKNOWN;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.anyMatch(file -> file.toString().endsWith(".gguf"))
          ? ModelKind.GGUF
          : ModelKind.UNKNOWN;
    } catch (IOException e) {
      throw JsonFiles.unreadable(folder, e);
    }
  }

  private static ModelDescription unreadable(ModelKind kind, QuernException why) {
    return new ModelDescription(
        kind, Optional.empty(), Map.of(), Map.of(), Optional.of(why.message()));
  }
}
