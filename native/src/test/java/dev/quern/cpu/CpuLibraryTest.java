package dev.quern.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CpuLibraryTest {
  @Test
  void libraryWasMadeFromTheSourcesThatAreThere() throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (Stream<Path> files = Files.list(Path.of("src/main/cpu"))) {
      List<Path> sources =
          files.sorted(Comparator.comparing(file -> file.getFileName().toString())).toList();
      for (Path source : sources) {
        digest.update(Files.readAllBytes(source));
      }
    }
    assertEquals(
        HexFormat.of().formatHex(digest.digest()),
        CpuLibrary.sourceDigest(),
        "sources have changed since the library was made: run native/build-cpu-library.sh");
  }
}
