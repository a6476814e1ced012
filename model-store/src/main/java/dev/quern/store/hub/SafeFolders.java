package dev.quern.store.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Folders and files of the cache, made so that no link leads a write elsewhere. */
final class SafeFolders {
  private SafeFolders() {}

  /**
   * Makes {@code folder}, which is below {@code root}, and all between. {@code root} itself may be
   * a link, for that is how people move a cache to another disk.
   *
   * @throws HubException UNSAFE_CACHE if something between is a link or a file
   */
  static void make(Path root, Path folder) throws IOException {
    Files.createDirectories(root);
    Path current = root;
    for (Path segment : root.relativize(folder)) {
      current = current.resolve(segment);
      if (!Files.isDirectory(current, LinkOption.NOFOLLOW_LINKS)) {
        makeOne(current);
      }
    }
  }

  private static void makeOne(Path folder) throws IOException {
    try {
      Files.createDirectory(folder);
      syncFolder(folder.resolveSibling(""));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        throw new HubException(
            HubException.Reason.UNSAFE_CACHE,
            folder
                + " is not a folder of its own but a link or a file: look who put it there, and"
                + " remove it",
            e);
      }
    }
  }

  /** Renames {@code from}, which is on the disk, over {@code to}, and makes that last. */
  static void replace(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    syncFolder(to.resolveSibling(""));
  }

  /** Writes a small file so that readers see the old text or the new, never a part. */
  static void write(Path file, String text, Path staging) throws IOException {
    // Not Files.createTempFile, whose files nobody else may read.
    Path temporary = staging.resolve(UUID.randomUUID().toString());
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      replace(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Puts the entries of a folder on the disk itself. */
  static void syncFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
