package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaProbe;
import dev.quern.cuda.CudaReport;
import dev.quern.cuda.CudaSettings;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
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

  private static String printed(CudaReport report) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DoctorCommand.print(report, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
  }
}
