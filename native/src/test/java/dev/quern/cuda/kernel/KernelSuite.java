package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * All kernel checks against one emulator library in one mode; also a process of its own, for a
 * sanitized library and for kernels with bugs, which may end the process.
 */
final class KernelSuite {
  private static final long SEED = 20261125;

  /** The look-alike has the kernels linked in and reads no image. */
  private static final byte[] NO_IMAGE = new byte[16];

  private KernelSuite() {}

  /**
   * Arguments: the library, one mode, and a type if only its checks are to run. Prints failures;
   * exits with 1 when there are any.
   */
  public static void main(String[] arguments) {
    Emulator emulator = new Emulator(Path.of(arguments[0]));
    List<KernelChecks.Check> checks = KernelChecks.all();
    if (arguments.length > 2) {
      checks.removeIf(check -> !check.name().endsWith(" " + ElementType.valueOf(arguments[2])));
    }
    List<String> failures = run(emulator, EmulatorMode.valueOf(arguments[1]), checks);
    failures.forEach(System.out::println);
    System.exit(failures.isEmpty() ? 0 : 1);
  }

  /** What failed: a result that is wrong, or the fault that ended the run. */
  static List<String> run(Emulator emulator, EmulatorMode mode) {
    return run(emulator, mode, KernelChecks.all());
  }

  private static List<String> run(
      Emulator emulator, EmulatorMode mode, List<KernelChecks.Check> checks) {
    emulator.setMode(mode);
    CudaDriver driver = CudaDriver.open(emulator.library());
    List<String> failures = new ArrayList<>();
    String running = "opening";
    try (CudaContext context = CudaContext.open(driver, driver.device(0), 1.0);
        KernelBench bench = new KernelBench(context, NO_IMAGE, SEED)) {
      for (KernelChecks.Check check : checks) {
        running = check.name();
        try {
          check.run(bench);
        } catch (AssertionError e) {
          failures.add(check.name() + ": " + e.getMessage());
        }
      }
    } catch (CudaException e) {
      failures.add(running + ": " + emulator.fault() + " (" + e.getMessage() + ")");
      CudaContext.reset(driver, driver.device(0));
    }
    return failures;
  }
}
