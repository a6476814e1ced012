package dev.quern.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.binary.SourceDigest;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class KernelImageTest {
  @Test
  void binariesWereMadeFromTheSourcesThatAreThere() throws Exception {
    assertEquals(
        SourceDigest.of(Path.of("src/main/cuda")),
        KernelImage.sourceDigest(),
        "kernels have changed since their binaries were made: run benchmarks/gpu/build-kernels.sh");
  }
}
