package dev.quern.cuda;

import dev.quern.cuda.blas.CublasLt;
import dev.quern.cuda.kernel.LinearKernels;
import dev.quern.cuda.nvml.GpuGauges;
import dev.quern.cuda.nvml.GpuReading;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds out what a host has. Never throws, never takes memory on a device. */
public final class CudaProbe {
  private static final int OLDEST_CAPABILITY = 75;
  private static final int TENSOR_CORE_CAPABILITY = 80;

  private CudaProbe() {}

  /** The facts of this host. */
  public static CudaReport probe(CudaSettings settings) {
    Path path = settings.driverLibrary();
    String place = path == null ? DriverLibrary.DEFAULT_NAME : path.toString();
    GpuGauges gauges = GpuGauges.open(settings);
    try {
      CudaDriver driver = CudaDriver.open(path);
      List<CudaReport.Device> devices = new ArrayList<>();
      for (CudaDevice device : driver.devices()) {
        devices.add(
            new CudaReport.Device(
                device,
                refusal(device, driver),
                arithmetic(device),
                load(gauges.read(driver.pciBusId(device)))));
      }
      List<CudaReport.Library> libraries = List.of(cublas(settings, driver), nvml(gauges));
      return new CudaReport(place, driver.version(), null, devices, libraries);
    } catch (CudaException e) {
      return new CudaReport(
          place,
          null,
          String.valueOf(e.getMessage()),
          List.of(),
          List.of(cublasWithoutDriver(settings), nvml(gauges)));
    }
  }

  private static CudaReport.Library cublas(CudaSettings settings, CudaDriver driver) {
    boolean cuda13 = driver.readsCuda13Binaries();
    String name = cuda13 ? LibrarySearch.CUBLAS_LT_13 : LibrarySearch.CUBLAS_LT_12;
    Optional<Path> found = LibrarySearch.of(settings).cublasLt(cuda13);
    if (found.isEmpty()) {
      return new CudaReport.Library(
          name,
          null,
          "not found: all matrix products run on Quern's own kernels; to use cuBLAS, install it or"
              + " set LD_LIBRARY_PATH to its folder");
    }
    return new CudaReport.Library(name, found.get(), cublasEffect(found.get()));
  }

  private static String cublasEffect(Path library) {
    try {
      return "version "
          + CublasLt.version(library)
          + ": bf16 and fp16 products of more than "
          + LinearKernels.MOST_VECTOR_ROWS
          + " rows run on it, others on Quern's own kernels";
    } catch (CudaException e) {
      return "of no use: " + e.getMessage();
    }
  }

  private static CudaReport.Library cublasWithoutDriver(CudaSettings settings) {
    Optional<Path> found = LibrarySearch.of(settings).cublasLt(true);
    return new CudaReport.Library(
        LibrarySearch.CUBLAS_LT_13,
        found.orElse(null),
        found.isPresent() ? "found, of no use without a driver" : "not found");
  }

  private static CudaReport.Library nvml(GpuGauges gauges) {
    return new CudaReport.Library(
        GpuGauges.NAME,
        null,
        gauges.present()
            ? gauges.description() + ": gauges of memory, utilization, power and temperature"
            : "no gauges: " + gauges.description());
  }

  /** What all processes together do with a device, e.g. {@code 1.00 GiB in use, 3 % busy}. */
  private static @Nullable String load(GpuReading reading) {
    List<String> parts = new ArrayList<>();
    reading.usedBytes().ifPresent(bytes -> parts.add(ByteSizes.text(bytes) + " in use"));
    reading.utilizationPercent().ifPresent(percent -> parts.add(percent + " % busy"));
    reading.watts().ifPresent(watts -> parts.add(Math.round(watts) + " W"));
    reading.celsius().ifPresent(celsius -> parts.add(celsius + " \u00b0C"));
    return parts.isEmpty() ? null : String.join(", ", parts);
  }

  /** Why {@code device} cannot be used, or null when it can. */
  public static @Nullable String refusal(CudaDevice device, CudaDriver driver) {
    if (device.computeCapability() < OLDEST_CAPABILITY) {
      return "compute capability "
          + device.computeMajor()
          + "."
          + device.computeMinor()
          + " is too old; 7.5 (Turing) or later is needed";
    }
    if (device.computeCapability() < TENSOR_CORE_CAPABILITY && !driver.readsCuda13Binaries()) {
      return "compute capability 7.5 needs driver 580 or later";
    }
    return null;
  }

  private static String arithmetic(CudaDevice device) {
    return device.computeCapability() >= TENSOR_CORE_CAPABILITY
        ? "bf16 and fp16 on tensor cores, fp32 without"
        : "bf16, fp16 and fp32 without tensor cores: slow prefill";
  }
}
