package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import org.junit.jupiter.api.Assumptions;

/** A backend on the driver's look-alike, which has one GPU of one gibibyte. */
public final class EmulatedGpu {
  private static final double UTILIZATION = 0.9;

  private EmulatedGpu() {}

  /** Opens it for the calling thread; the test is skipped, with the reason, where it cannot be. */
  public static CudaBackend open(EmulatorMode mode) {
    Emulator emulator = emulator();
    emulator.setMode(mode);
    CudaDriver driver = CudaDriver.open(emulator.library());
    return CudaBackend.open(driver, driver.device(0), UTILIZATION, null);
  }

  /** The machine itself, to set it or to let it fail. */
  public static Emulator emulator() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    return new Emulator(EmulatorBuild.ofNeighbour().library(false));
  }
}
