package dev.quern.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kernel, launched through the driver's look-alike, against float64 in every mode. */
class EmulatedKernelsTest {
  /** The look-alike has the kernels linked in and reads no image. */
  private static final byte[] NO_IMAGE = new byte[16];

  @ParameterizedTest
  @EnumSource(EmulatorMode.class)
  void everyKernelAgreesWithFloat64(EmulatorMode mode) {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    Emulator emulator = new Emulator(EmulatorBuild.ofThisModule().library(false));
    emulator.setMode(mode);
    CudaDriver driver = CudaDriver.open(emulator.library());
    List<String> failures = new ArrayList<>();
    try (CudaContext context = CudaContext.open(driver, driver.device(0), 1.0);
        KernelBench bench = new KernelBench(context, NO_IMAGE, 20261125)) {
      for (KernelChecks.Check check : KernelChecks.all()) {
        try {
          check.run(bench);
        } catch (AssertionError e) {
          failures.add(check.name() + ": " + e.getMessage());
        }
      }
    }
    assertEquals(List.of(), failures);
    assertEquals("", emulator.fault());
  }
}
