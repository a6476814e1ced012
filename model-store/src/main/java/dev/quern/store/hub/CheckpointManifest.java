package dev.quern.store.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.ErrorCategory;
import dev.quern.store.FileDigest;
import dev.quern.store.JsonFiles;
import dev.quern.store.QuernException;
import dev.quern.store.gguf.GgufCheckpoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which bytes a model's folder holds: the evidence of what is served. Of a GGUF model they are its
 * own file's, or its parts', whatever else lies in the folder.
 *
 * <p>A pull stores it in the model's folder as {@code .quern/manifests/COMMIT.json}, when every
 * file was found right: where it is, the pull that wrote it was complete.
 *
 * @param files in order of path, by UTF-16 code units
 */
public record CheckpointManifest(List<FileDigest> files) {
  private static final int FORMAT = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  public CheckpointManifest {
    files = files.stream().sorted(Comparator.comparing(FileDigest::file)).toList();
  }

  /**
   * Reads and hashes every file of a model.
   *
   * @param path a folder, or a GGUF file
   */
  public static CheckpointManifest compute(Path path) {
    return new CheckpointManifest(
        GgufCheckpoint.isGguf(path)
            ? FileDigest.of(parent(path), GgufCheckpoint.filesOf(path))
            : FileDigest.of(path));
  }

  /**
   * What the pull of a snapshot stored, if Quern pulled it. Nothing is compared with the folder.
   *
   * @param path {@code .../snapshots/COMMIT}, or a GGUF file in it
   * @throws QuernException BAD_REQUEST if the stored manifest is damaged
   */
  public static Optional<CheckpointManifest> load(Path path) {
    boolean gguf = GgufCheckpoint.isGguf(path);
    Path file = fileOf(gguf ? parent(path) : path);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    return gguf ? read(file).of(GgufCheckpoint.filesOf(path)) : Optional.of(read(file));
  }

  /** The same for some of the files; empty unless it has all of them. */
  private Optional<CheckpointManifest> of(List<Path> some) {
    Set<String> names =
        some.stream().map(file -> String.valueOf(file.getFileName())).collect(Collectors.toSet());
    CheckpointManifest part =
        new CheckpointManifest(files.stream().filter(file -> names.contains(file.file())).toList());
    return part.files().size() == names.size() ? Optional.of(part) : Optional.empty();
  }

  private static Path parent(Path file) {
    return Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file lies in a folder");
  }

  /** Where the manifest of {@code .../snapshots/COMMIT} is stored, whether it exists or not. */
  public static Path fileOf(Path snapshot) {
    Path folder = snapshot.toAbsolutePath().normalize();
    ModelFolder model = new ModelFolder(folder.resolve("../..").normalize(), folder);
    return model.manifests().resolve(folder.getFileName() + ".json");
  }

  private static CheckpointManifest read(Path file) {
    JsonNode json = JsonFiles.readObject(file);
    List<FileDigest> files = new ArrayList<>();
    for (JsonNode entry : json.path("files")) {
      files.add(
          new FileDigest(
              entry.path("path").asText(),
              entry.path("size").asLong(-1),
              entry.path("sha256").asText()));
    }
    CheckpointManifest manifest = new CheckpointManifest(files);
    if (json.path("format").asInt() != FORMAT
        || !json.path("digest").asText().equals(manifest.digest())) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          file + " is damaged or of a later Quern: remove it and pull the model again");
    }
    return manifest;
  }

  /**
   * One digest for all: {@code sha256:} and the SHA-256 of a line {@code SHA256 SIZE PATH\n} for
   * each file, in order, in UTF-8.
   */
  public String digest() {
    StringBuilder lines = new StringBuilder();
    for (FileDigest file : files) {
      lines.append(file.sha256()).append(' ').append(file.bytes()).append(' ');
      lines.append(file.file()).append('\n');
    }
    byte[] text = lines.toString().getBytes(StandardCharsets.UTF_8);
    return "sha256:" + HexFormat.of().formatHex(Hashes.sha256().digest(text));
  }

  /** Size of all files. */
  public long bytes() {
    return files.stream().mapToLong(FileDigest::bytes).sum();
  }

  /** As JSON: {@code format}, {@code digest} and {@code files} of path, size and sha256. */
  public String toJson() {
    ObjectNode root = JSON.createObjectNode();
    root.put("format", FORMAT).put("digest", digest());
    ArrayNode array = root.putArray("files");
    for (FileDigest file : files) {
      array
          .addObject()
          .put("path", file.file())
          .put("size", file.bytes())
          .put("sha256", file.sha256());
    }
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
