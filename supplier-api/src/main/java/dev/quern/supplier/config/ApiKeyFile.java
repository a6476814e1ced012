package dev.quern.supplier.config;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Accepted API keys: one a line, {@code #} starts a comment.
 *
 * @param keys at least one
 * @param readableByOthers whether every user of the machine may read the file
 */
public record ApiKeyFile(Path file, Set<String> keys, boolean readableByOthers) {
  // What may stand in an Authorization header without quoting.
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]+");

  public ApiKeyFile {
    keys = Set.copyOf(keys);
  }

  /**
   * Reads the file.
   *
   * @throws QuernException when it cannot be read, holds no key or a key that no header can carry
   */
  public static ApiKeyFile read(Path file) {
    List<String> lines;
    boolean readableByOthers;
    try {
      lines = Files.readAllLines(file);
      readableByOthers =
          Files.getFileStore(file).supportsFileAttributeView("posix")
              && Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
    } catch (IOException unreadable) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "api-key-file",
          "api-key-file " + file + ": cannot be read; give a file of keys, one a line",
          unreadable);
    }
    Set<String> keys = new LinkedHashSet<>();
    for (int number = 1; number <= lines.size(); number++) {
      String key = lines.get(number - 1).strip();
      if (key.isEmpty() || key.startsWith("#")) {
        continue;
      }
      if (!KEY.matcher(key).matches()) {
        // The key itself is not printed: logs are not the place for it.
        throw QuernException.badRequest(
            "api-key-file",
            "api-key-file "
                + file
                + " line "
                + number
                + ": a key is printable ASCII without spaces");
      }
      keys.add(key);
    }
    if (keys.isEmpty()) {
      throw QuernException.badRequest(
          "api-key-file",
          "api-key-file " + file + ": holds no key; write one a line or leave the setting out");
    }
    return new ApiKeyFile(file.toAbsolutePath(), keys, readableByOthers);
  }
}
