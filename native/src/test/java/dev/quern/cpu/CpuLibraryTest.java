package dev.quern.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.binary.SourceDigest;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CpuLibraryTest {
  @Test
  void libraryWasMadeFromTheSourcesThatAreThere() throws Exception {
    assertEquals(
        SourceDigest.of(Path.of("src/main/cpu")),
        CpuLibrary.sourceDigest(),
        "sources have changed since the library was made: run native/build-cpu-library.sh");
  }
}
