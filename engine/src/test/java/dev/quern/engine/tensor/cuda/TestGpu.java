package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaSettings;
import dev.quern.cuda.LibrarySearch;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * A backend on the driver's look-alike, which has one GPU of one gibibyte; or on the first GPU of
 * this host, where the system property {@value #HARDWARE} is true.
 */
public final class TestGpu {
  private static final String HARDWARE = "quern.cuda.hardware";
  private static final double UTILIZATION = 0.9;

  private TestGpu() {}

  /** Opens it for the calling thread; the test is skipped, with the reason, where it cannot be. */
  public static CudaBackend open(EmulatorMode mode) {
    return open(mode, true);
  }

  /** Likewise, with or without graphs of decode steps. */
  public static CudaBackend open(EmulatorMode mode, boolean graphs) {
    if (Boolean.getBoolean(HARDWARE)) {
      CudaDriver driver = CudaDriver.open(null);
      return CudaBackend.open(driver, driver.device(0), UTILIZATION, cublasLt(driver), graphs);
    }
    Emulator emulator = emulator();
    emulator.setMode(mode);
    CudaDriver driver = CudaDriver.open(emulator.library());
    return CudaBackend.open(driver, driver.device(0), UTILIZATION, null, graphs);
  }

  /** The machine itself, to set it or to let it fail. */
  public static Emulator emulator() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    return new Emulator(EmulatorBuild.ofNeighbour().library(false));
  }

  private static @Nullable Path cublasLt(CudaDriver driver) {
    return LibrarySearch.of(CudaSettings.DEFAULTS)
        .cublasLt(driver.readsCuda13Binaries())
        .orElse(null);
  }
}
