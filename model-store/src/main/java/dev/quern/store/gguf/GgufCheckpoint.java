package dev.quern.store.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.ModelFiles;
import dev.quern.store.QuernException;
import dev.quern.store.TensorEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A model in one GGUF file, or in the parts that llama.cpp splits large ones into. */
public final class GgufCheckpoint implements Checkpoint {
  private static final String SUFFIX = ".gguf";

  private final Path file;
  private final GgufMetadata metadata;
  private final JsonNode config;
  private final Map<String, TensorEntry> tensors;
  private final ModelFiles files;

  private GgufCheckpoint(
      Path file,
      GgufMetadata metadata,
      JsonNode config,
      Map<String, TensorEntry> tensors,
      ModelFiles files) {
    this.file = file;
    this.metadata = metadata;
    this.config = config;
    this.tensors = tensors;
    this.files = files;
  }

  /** Whether the path is a file that should be a GGUF file by its name. */
  public static boolean isGguf(Path path) {
    return hasSuffix(path) && Files.isRegularFile(path);
  }

  /**
   * The model of a folder that holds GGUF files and no safetensors, empty for any other folder.
   *
   * @throws QuernException BAD_REQUEST if the folder holds several models
   */
  public static Optional<Path> onlyModelIn(Path folder) {
    List<Path> names;
    try (Stream<Path> files = Files.list(folder)) {
      names = files.sorted().toList();
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, "cannot read " + folder + " (" + e + ")", e);
    }
    if (names.stream().anyMatch(name -> name.toString().endsWith(".safetensors"))) {
      return Optional.empty();
    }
    List<Path> models =
        names.stream()
            .filter(GgufCheckpoint::isGguf)
            .filter(name -> !fileName(name).startsWith("mmproj"))
            .filter(name -> !GgufParts.isLaterPart(fileName(name)))
            .toList();
    if (models.size() > 1) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          folder
              + " holds several GGUF models: name one of "
              + String.join(", ", models.stream().map(Path::toString).toList()));
    }
    return models.stream().findFirst();
  }

  /**
   * Opens a GGUF file, with all other parts if it is one of several.
   *
   * @throws QuernException BAD_REQUEST if it is corrupt or holds a model that Quern does not run,
   *     NOT_FOUND if a part is absent
   */
  public static Checkpoint open(Path path) {
    Path file = path.toAbsolutePath();
    GgufFile whole = GgufParts.read(file);
    GgufArchitecture architecture = GgufArchitecture.of(whole);
    return new GgufCheckpoint(
        file,
        whole.metadata(),
        new GgufConfig(whole, architecture).toJson(),
        new GgufTensors(whole, architecture).named(),
        new GgufTexts(file, whole.metadata()));
  }

  /**
   * The tokenizer and chat template of a file, whatever else it holds: there are files of
   * vocabularies alone.
   *
   * @throws QuernException BAD_REQUEST if it is corrupt
   */
  public static ModelFiles texts(Path path) {
    return new GgufTexts(path, GgufFile.read(path).metadata());
  }

  /**
   * The files that a model is in: the one named, or all parts in order if it is one of several.
   *
   * @throws QuernException BAD_REQUEST if it is corrupt
   */
  public static List<Path> filesOf(Path file) {
    return GgufParts.files(file.toAbsolutePath());
  }

  private static boolean hasSuffix(Path path) {
    return fileName(path).endsWith(SUFFIX);
  }

  private static String fileName(Path path) {
    return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
  }

  @Override
  public Path folder() {
    return Optional.ofNullable(file.getParent()).orElse(file);
  }

  @Override
  public Path path() {
    return file;
  }

  @Override
  public Path configFile() {
    return file;
  }

  @Override
  public JsonNode config() {
    return config;
  }

  @Override
  public Optional<JsonNode> generationConfig() {
    return Optional.of(GgufGeneration.config(metadata));
  }

  @Override
  public ModelFiles files() {
    return files;
  }

  @Override
  public Map<String, TensorEntry> tensors() {
    return tensors;
  }

  @Override
  public String describeTensorFiles() {
    return file.toString();
  }

  @Override
  public Optional<String> licence() {
    return metadata.text("general.license.name").or(() -> metadata.text("general.license"));
  }

  @Override
  public String toString() {
    return "Checkpoint[" + file + "]";
  }
}
