package dev.quern.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The kernels with ASan and UBSan: another build of the emulator, in a process that preloads them.
 */
class SanitizedKernelsTest {
  @Test
  void noBf16KernelReadsOrWritesWhatIsNotIts() throws IOException {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    Path kernels = Bf16Kernels.write(Path.of("target/bf16-kernels"));
    EmulatorBuild build = new EmulatorBuild(Path.of(""), kernels);
    SuiteProcess process = new SuiteProcess(build.library(true), true);
    assertEquals("", process.run(EmulatorMode.DEFAULT, ElementType.BF16));
  }

  /** Off by default, since it takes three times as long; the types share most of their code. */
  @Test
  @EnabledIfSystemProperty(named = "quern.emulator.sanitize", matches = "true")
  void noKernelReadsOrWritesWhatIsNotIts() throws IOException {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    SuiteProcess process = new SuiteProcess(EmulatorBuild.ofThisModule().library(true), true);
    assertEquals("", process.run(EmulatorMode.DEFAULT));
  }
}
