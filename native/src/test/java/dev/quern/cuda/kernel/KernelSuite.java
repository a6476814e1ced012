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
   * Arguments: the look-alike library, one mode, and a type if only its checks are to run; or
   * {@code hardware} for this host's own driver and first device. Prints failures; exits with 1
   * when there are any.
   */
  public static void main(String[] arguments) {
    List<String> failures = arguments[0].equals("hardware") ? onHardware() : onLookAlike(arguments);
    failures.forEach(System.out::println);
    System.exit(failures.isEmpty() ? 0 : 1);
  }

  private static List<String> onLookAlike(String[] arguments) {
    List<KernelChecks.Check> checks = KernelChecks.all();
    if (arguments.length > 2) {
      checks.removeIf(check -> !check.name().endsWith(" " + ElementType.valueOf(arguments[2])));
    }
    Emulator emulator = new Emulator(Path.of(arguments[0]));
    return run(emulator, EmulatorMode.valueOf(arguments[1]), checks);
  }

  private static List<String> onHardware() {
    CudaDriver driver = CudaDriver.open(null);
    System.out.println(driver.device(0) + ", driver of CUDA " + driver.version());
    List<String> failures = new ArrayList<>();
    String running = "opening";
    try (CudaContext context = CudaContext.open(driver, driver.device(0), 0.9);
        KernelBench bench = new KernelBench(context, KernelImage.forDriver(driver), SEED)) {
      for (KernelChecks.Check check : KernelChecks.all()) {
        running = check.name();
        runCheck(check, bench, failures);
        System.out.println(check.name());
      }
    } catch (CudaException e) {
      // The device is lost to this process: what comes after would only say so again.
      failures.add(running + ": " + e.getMessage());
    }
    return failures;
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
        runCheck(check, bench, failures);
      }
    } catch (CudaException e) {
      failures.add(running + ": " + emulator.fault() + " (" + e.getMessage() + ")");
      CudaContext.reset(driver, driver.device(0));
    }
    return failures;
  }

  private static void runCheck(KernelChecks.Check check, KernelBench bench, List<String> failures) {
    try {
      check.run(bench);
    } catch (AssertionError e) {
      failures.add(check.name() + ": " + e.getMessage());
    }
  }
}
