package dev.quern.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a probe says of the libraries beside the driver, and where they are looked for. */
class LibraryProbeTest {
  private Emulator emulator;
  private EmulatorBuild build;

  @TempDir private Path folder;

  @BeforeEach
  void openEmulator() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    build = EmulatorBuild.ofThisModule();
    emulator = new Emulator(build.library(false));
    emulator.setMode(EmulatorMode.DEFAULT);
  }

  @AfterEach
  void restoreMachine() {
    if (emulator != null) {
      emulator.set("driverVersion", 13000);
      emulator.set("devices", 1);
    }
  }

  private CudaReport probe() {
    return CudaProbe.probe(new CudaSettings(emulator.library(), List.of(folder)));
  }

  private static CudaReport.Library cublas(CudaReport report) {
    return report.libraries().get(0);
  }

  private static CudaReport.Library nvml(CudaReport report) {
    return report.libraries().get(1);
  }

  @Test
  void librariesThatWorkAreNamedWithVersionAndUse() throws Exception {
    Path cublas = Files.copy(build.cublasLt(), folder.resolve("libcublasLt.so.13"));
    Files.copy(build.nvml(), folder.resolve("libnvidia-ml.so.1"));
    emulator.set("devices", 2);
    CudaReport report = probe();
    assertEquals(cublas, cublas(report).place());
    assertEquals(
        "version 13.2.3: bf16 and fp16 products of more than 8 rows run on it, others on Quern's"
            + " own kernels",
        cublas(report).effect());
    assertTrue(nvml(report).effect().startsWith("driver 580.65.06: "), nvml(report).effect());
    assertEquals(2, report.devices().size());
    assertEquals(
        "300.0 MiB in use, 37 % busy, 62 W, 44 \u00b0C", report.devices().getFirst().load());
    assertNull(report.devices().getLast().load(), "NVML's look-alike has one GPU");
  }

  @Test
  void aCublasThatCannotBeLoadedIsSaidToBeOfNoUse() throws Exception {
    Files.writeString(folder.resolve("libcublasLt.so.13"), "text");
    String effect = cublas(probe()).effect();
    assertTrue(effect.startsWith("of no use: no cuBLASLt: "), effect);
  }

  @Test
  void aDriverOfCuda12TakesCuda12sCublas() throws Exception {
    Files.copy(build.cublasLt(), folder.resolve("libcublasLt.so.13"));
    Path older = Files.copy(build.cublasLt(), folder.resolve("libcublasLt.so.12"));
    emulator.set("driverVersion", 12080);
    CudaReport report = probe();
    assertEquals("libcublasLt.so.12", cublas(report).name());
    assertEquals(older, cublas(report).place());
  }

  @Test
  void withoutADriverALibraryIsOfNoUse() throws Exception {
    Files.createFile(folder.resolve("libcublasLt.so.13"));
    CudaSettings settings = new CudaSettings(folder.resolve("libcuda.so.1"), List.of(folder));
    CudaReport report = CudaProbe.probe(settings);
    assertEquals("found, of no use without a driver", cublas(report).effect());
  }

  @Test
  void librariesAreFoundWhereverTheyAreInstalled() throws Exception {
    for (String[] place :
        new String[][] {
          {"LD_LIBRARY_PATH", "a", "a/libcublasLt.so.13"},
          {"VIRTUAL_ENV", "b", "b/lib/python3.12/site-packages/nvidia/cu13/lib/libcublasLt.so.13"},
          {"HOME", "c", "c/.local/lib/python3.9/site-packages/nvidia/cublas/lib/libcublasLt.so.12"},
        }) {
      Path library = folder.resolve(place[2]);
      Files.createDirectories(library.getParent());
      Files.createFile(library);
      Map<String, String> environment = Map.of(place[0], folder.resolve(place[1]).toString());
      LibrarySearch search = LibrarySearch.of(List.of(), environment);
      assertEquals(Optional.of(library), search.cublasLt(true), place[0]);
    }
  }

  @Test
  void configuredFoldersComeFirstAndTheNewerLibraryBeforeAll() throws Exception {
    Path configured = Files.createDirectories(folder.resolve("configured"));
    Path loader = Files.createDirectories(folder.resolve("loader"));
    Path older = Files.createFile(configured.resolve("libcublasLt.so.12"));
    Path newer = Files.createFile(loader.resolve("libcublasLt.so.13"));
    LibrarySearch search =
        LibrarySearch.of(List.of(configured), Map.of("LD_LIBRARY_PATH", loader.toString()));
    assertEquals(Optional.of(newer), search.cublasLt(true));
    assertEquals(Optional.of(older), search.cublasLt(false));
    Path own = Files.createFile(configured.resolve("libcublasLt.so.13"));
    assertEquals(Optional.of(own), search.cublasLt(true));
  }
}
