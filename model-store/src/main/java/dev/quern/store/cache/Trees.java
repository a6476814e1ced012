package dev.quern.store.cache;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Folders as a whole. */
final class Trees {
  private Trees() {}

  /** Deletes a file, or a folder with all below it; links are deleted, not followed. */
  static void delete(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Size of all files below a folder. */
  static long bytes(Path root) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.toList()) {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          bytes += Files.size(file);
        }
      }
    }
    return bytes;
  }

  /** Deletes the folders above {@code file} that are empty, below {@code top}. */
  static void deleteEmptyParents(Path file, Path top) throws IOException {
    Path folder = file.getParent();
    while (folder != null && folder.startsWith(top) && !folder.equals(top)) {
      try {
        Files.deleteIfExists(folder);
      } catch (DirectoryNotEmptyException e) {
        return;
      }
      folder = folder.getParent();
    }
  }

  static QuernException notRemovable(Path folder, IOException cause) {
    return new QuernException(
        ErrorCategory.INTERNAL,
        "cannot remove from "
            + folder
            + " ("
            + cause
            + "): what was not removed yet is still whole; check that you may write there",
        cause);
  }
}
