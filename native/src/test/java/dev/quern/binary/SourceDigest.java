package dev.quern.binary;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** What a build of committed binaries writes beside them: SHA-256 of their sources, by name. */
public final class SourceDigest {
  private SourceDigest() {}

  public static String of(Path folder) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> sources =
          files.sorted(Comparator.comparing(file -> file.getFileName().toString())).toList();
      for (Path source : sources) {
        digest.update(Files.readAllBytes(source));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
