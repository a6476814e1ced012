package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaProbe;
import dev.quern.cuda.CudaReport;
import dev.quern.cuda.CudaSettings;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
  @Test
  void aHostWithoutADriverIsToldWhatToDo(@TempDir Path folder) {
    CudaSettings settings = new CudaSettings(folder.resolve("libcuda.so.1"), List.of(folder));
    String text = printed(CudaProbe.probe(settings));
    assertTrue(text.contains("no NVIDIA driver"), text);
    assertTrue(text.contains("install the driver"), text);
    assertTrue(text.endsWith("models   all run on the CPU\n"), text);
  }

  @Test
  void devicesAndLibrariesAreListedWithWhatFollows() {
    CudaDevice device = new CudaDevice(0, "Test GPU", 9, 0, 132, 232_448, 80L << 30);
    CudaReport report =
        new CudaReport(
            "libcuda.so.1",
            "13.0",
            null,
            List.of(new CudaReport.Device(device, null, "bf16 on tensor cores", "1.00 GiB in use")),
            List.of(new CudaReport.Library("libcublasLt.so.13", null, "not found")));
    assertEquals(
        """
        driver   libcuda.so.1: serves CUDA 13.0
        device   cuda:0 (Test GPU, compute capability 9.0, 80.00 GiB)
                 bf16 on tensor cores
                 1.00 GiB in use
        library  libcublasLt.so.13: not found
        models   language models go to the GPU with most free memory, if they fit there; embedding models, rerankers and classifiers to the CPU (--device chooses)
        """,
        printed(report));
  }

  @Test
  void aDriverTooOldIsToldWithTheOneNeeded(@TempDir Path folder) {
    Emulator emulator = emulator();
    emulator.set("driverVersion", 11_080);
    try {
      String text = printed(CudaProbe.probe(new CudaSettings(emulator.library(), List.of(folder))));
      assertTrue(text.contains("is too old: it serves CUDA 11.8 and 12.0 is needed"), text);
      assertTrue(text.contains("install driver 525.60 or later"), text);
      assertTrue(text.endsWith("models   all run on the CPU\n"), text);
    } finally {
      emulator.set("driverVersion", 13_000);
    }
  }

  @Test
  void everyDeviceOfAHostIsListedWithItsOwnMemory(@TempDir Path folder) {
    Emulator emulator = emulator();
    emulator.set("devices", 2);
    emulator.set("totalMemory@1", 3L << 30);
    try {
      String text = printed(CudaProbe.probe(new CudaSettings(emulator.library(), List.of(folder))));
      assertTrue(text.contains("cuda:0 (Emulated device, compute capability 8.6, 1.00 GiB)"), text);
      assertTrue(text.contains("cuda:1 (Emulated device, compute capability 8.6, 3.00 GiB)"), text);
      assertTrue(text.contains("models   language models go to the GPU with most free"), text);
    } finally {
      emulator.set("devices", 1);
      emulator.set("totalMemory@1", 0);
    }
  }

  private static Emulator emulator() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    Emulator emulator = new Emulator(EmulatorBuild.ofNeighbour().library(false));
    emulator.set("totalMemory", 1L << 30);
    emulator.set("major", 8);
    return emulator;
  }

  private static String printed(CudaReport report) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DoctorCommand.print(report, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
  }
}
