package dev.quern.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tensor files of a folder and the tensors in them.
 *
 * @param files in the order they were read
 */
record TensorFiles(Path folder, List<Path> files, Map<String, TensorEntry> tensors) {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final int MAX_NAMED_FILES = 3;

  TensorFiles {
    files = List.copyOf(files);
    tensors = Collections.unmodifiableMap(tensors);
  }

  /** Finds and reads the tensor files of {@code folder}, see {@link Checkpoint#open}. */
  static TensorFiles find(Path folder) {
    Path single = folder.resolve(SINGLE);
    if (Files.exists(single)) {
      return merged(folder, List.of(single));
    }
    Path index = folder.resolve(INDEX);
    if (Files.exists(index)) {
      return indexed(folder, index);
    }
    List<Path> others = filesEndingIn(folder, ".safetensors");
    if (others.isEmpty()) {
      refuseForeignFormats(folder);
      throw new QuernException(
          ErrorCategory.NOT_FOUND,
          "there is no " + SINGLE + " in " + folder + ": download the model's *.safetensors");
    }
    return merged(folder, others);
  }

  /** Says why a folder with only pickle files cannot be read; returns if it has none. */
  static void refuseForeignFormats(Path folder) {
    if (!filesEndingIn(folder, ".safetensors").isEmpty()) {
      return;
    }
    List<Path> pickles = filesEndingIn(folder, ".bin", ".pt", ".pth", ".ckpt");
    if (!pickles.isEmpty()) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          pickles.get(0)
              + " is a pickle, and Quern reads only safetensors because loading a pickle runs code"
              + " from the file: download a safetensors revision of the model, or convert it");
    }
  }

  /** The files for a message, for example {@code /m/a.safetensors and 3 more files}. */
  String describe() {
    List<String> named = files.stream().limit(MAX_NAMED_FILES).map(Path::toString).toList();
    String text = String.join(", ", named);
    int more = files.size() - named.size();
    return more == 0 ? text : text + " and " + more + " more files";
  }

  private static TensorFiles merged(Path folder, List<Path> files) {
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    for (Path file : files) {
      for (TensorEntry entry : SafetensorsFile.read(file).tensors()) {
        TensorEntry other = tensors.put(entry.name(), entry);
        if (other != null) {
          throw new QuernException(
              ErrorCategory.BAD_REQUEST,
              "tensor '"
                  + Names.quoted(entry.name())
                  + "' is both in "
                  + other.file()
                  + " and in "
                  + file
                  + ": remove the file that does not belong to the model");
        }
      }
    }
    return new TensorFiles(folder, files, tensors);
  }

  /** The index is the authority: a tensor that a shard holds beyond it is not the model's. */
  private static TensorFiles indexed(Path folder, Path index) {
    JsonNode weightMap = JsonFiles.readObject(index).path("weight_map");
    if (!weightMap.isObject() || weightMap.isEmpty()) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, index + " has no weight_map: download it again");
    }
    Map<String, Map<String, TensorEntry>> shards = new LinkedHashMap<>();
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    List<Path> files = new ArrayList<>();
    for (Map.Entry<String, JsonNode> item : weightMap.properties()) {
      String name = item.getKey();
      if (!item.getValue().isTextual()) {
        throw new QuernException(
            ErrorCategory.BAD_REQUEST,
            index + " names no file for '" + Names.quoted(name) + "': download it again");
      }
      String shard = item.getValue().textValue();
      Map<String, TensorEntry> held = shards.get(shard);
      if (held == null) {
        Path file = shardPath(folder, index, shard);
        held = new LinkedHashMap<>();
        for (TensorEntry entry : SafetensorsFile.read(file).tensors()) {
          held.put(entry.name(), entry);
        }
        shards.put(shard, held);
        files.add(file);
      }
      TensorEntry entry = held.get(name);
      if (entry == null) {
        throw new QuernException(
            ErrorCategory.BAD_REQUEST,
            index
                + " says that tensor '"
                + Names.quoted(name)
                + "' is in "
                + shard
                + ", but it is not: download both again from one revision");
      }
      tensors.put(name, entry);
    }
    return new TensorFiles(folder, files, tensors);
  }

  private static Path shardPath(Path folder, Path index, String shard) {
    try {
      Path relative = Path.of(shard);
      Path file = folder.resolve(relative).normalize();
      // By name only: in the hub's cache the shards themselves are links out of the folder.
      boolean inside = !relative.isAbsolute() && file.startsWith(folder.normalize());
      if (inside && shard.endsWith(".safetensors")) {
        if (!Files.exists(file)) {
          throw new QuernException(
              ErrorCategory.NOT_FOUND,
              index + " names " + shard + ", but there is no file " + file + ": download it");
        }
        return file;
      }
    } catch (InvalidPathException e) {
      throw badShardName(index, shard, e);
    }
    throw badShardName(index, shard, null);
  }

  private static QuernException badShardName(Path index, String shard, @Nullable Throwable cause) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        index
            + " names '"
            + Names.quoted(shard)
            + "', which is not a *.safetensors file inside the model's folder: do not trust this"
            + " checkpoint",
        cause);
  }

  private static List<Path> filesEndingIn(Path folder, String... suffixes) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(
              file -> {
                String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
                return Stream.of(suffixes).anyMatch(name::endsWith);
              })
          .sorted()
          .toList();
    } catch (IOException e) {
      throw JsonFiles.unreadable(folder, e);
    }
  }
}
