package dev.quern.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kernel, launched through the driver's look-alike, against float64 in every mode. */
class EmulatedKernelsTest {
  @ParameterizedTest
  @EnumSource(EmulatorMode.class)
  void everyKernelAgreesWithFloat64(EmulatorMode mode) {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    Emulator emulator = new Emulator(EmulatorBuild.ofThisModule().library(false));
    assertEquals(List.of(), KernelSuite.run(emulator, mode));
  }
}
