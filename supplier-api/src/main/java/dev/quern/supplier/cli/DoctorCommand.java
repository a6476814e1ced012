package dev.quern.supplier.cli;

import dev.quern.cuda.CudaProbe;
import dev.quern.cuda.CudaReport;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.QuernSettings;
import dev.quern.supplier.config.Setting;
import java.io.PrintStream;
import java.util.List;
import java.util.Objects;

/** {@code quern doctor}: what this host has of CUDA, and what follows from it. */
final class DoctorCommand implements Command {
  @Override
  public String name() {
    return "doctor";
  }

  @Override
  public String words() {
    return "";
  }

  @Override
  public String purpose() {
    return "say what this host has of CUDA: driver, devices, libraries";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(QuernSettings.CUDA_LIBRARIES);
  }

  /** Having no GPU is no fault: the exit code tells only whether the facts could be found out. */
  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    print(CudaProbe.probe(configuration.gpus().libraries()), console.out());
    return ExitCodes.DONE;
  }

  static void print(CudaReport report, PrintStream out) {
    out.println("driver   " + report.driver() + ": " + driverText(report));
    for (CudaReport.Device device : report.devices()) {
      out.println("device   " + device.device());
      out.println("         " + Objects.requireNonNullElse(device.refusal(), device.arithmetic()));
      if (device.load() != null) {
        out.println("         " + device.load());
      }
    }
    for (CudaReport.Library library : report.libraries()) {
      String place = library.found().map(path -> " at " + path).orElse("");
      out.println("library  " + library.name() + place + ": " + library.effect());
    }
    out.println("models   " + placement(report));
  }

  private static String placement(CudaReport report) {
    return report.usable()
        ? "language models go to the GPU with most free memory, if they fit there; embedding"
            + " models, rerankers and classifiers to the CPU (--device chooses)"
        : "all run on the CPU";
  }

  private static String driverText(CudaReport report) {
    String problem = report.problem();
    return problem == null ? "serves CUDA " + report.driverCuda() : problem;
  }
}
