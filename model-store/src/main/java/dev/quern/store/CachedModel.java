package dev.quern.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One revision of a model in the hub's cache.
 *
 * @param name {@code ORG/NAME}
 * @param revision a branch or tag that points at it, else the commit
 * @param architecture from {@code config.json}; empty if it cannot be read as a checkpoint
 * @param parameters elements in all tensors
 * @param type the element type most of them have
 * @param bytes size of all files
 * @param lastUsed the latest access to any of its files that the file system has recorded
 * @param problem why it cannot be read as a checkpoint, if so
 */
public record CachedModel(
    String name,
    String revision,
    Path folder,
    Optional<String> architecture,
    long parameters,
    Optional<StoredType> type,
    long bytes,
    Instant lastUsed,
    Optional<String> problem) {

  static CachedModel read(String name, String revision, Path folder) {
    Usage usage = Usage.of(folder);
    try {
      Checkpoint checkpoint = Checkpoint.open(folder);
      Optional<StoredType> type =
          checkpoint.types().entrySet().stream()
              .max(Map.Entry.comparingByValue())
              .map(Map.Entry::getKey);
      return new CachedModel(
          name,
          revision,
          folder,
          Optional.of(checkpoint.architecture()),
          checkpoint.parameters(),
          type,
          usage.bytes(),
          usage.lastUsed(),
          Optional.empty());
    } catch (QuernException e) {
      return new CachedModel(
          name,
          revision,
          folder,
          Optional.empty(),
          0,
          Optional.empty(),
          usage.bytes(),
          usage.lastUsed(),
          Optional.of(e.message()));
    }
  }

  private record Usage(long bytes, Instant lastUsed) {
    static Usage of(Path folder) {
      long bytes = 0;
      Instant lastUsed = Instant.EPOCH;
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
          bytes += attributes.size();
          Instant used = attributes.lastAccessTime().toInstant();
          lastUsed = used.isAfter(lastUsed) ? used : lastUsed;
        }
      } catch (IOException e) {
        throw JsonFiles.unreadable(folder, e);
      }
      return new Usage(bytes, lastUsed);
    }
  }
}
