package dev.quern.cuda.kernel;

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

class KernelImageTest {
  @Test
  void binariesWereMadeFromTheSourcesThatAreThere() throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (Stream<Path> files = Files.list(Path.of("src/main/cuda"))) {
      List<Path> sources =
          files
              .filter(file -> file.toString().endsWith(".cu") || file.toString().endsWith(".h"))
              .sorted(Comparator.comparing(file -> file.getFileName().toString()))
              .toList();
      for (Path source : sources) {
        digest.update(Files.readAllBytes(source));
      }
    }
    assertEquals(
        HexFormat.of().formatHex(digest.digest()),
        KernelImage.sourceDigest(),
        "kernels have changed since their binaries were made: run benchmarks/gpu/build-kernels.sh");
  }
}
