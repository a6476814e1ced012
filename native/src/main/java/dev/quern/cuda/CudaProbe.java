package dev.quern.cuda;

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
    List<CudaReport.Library> libraries = List.of(cublas(settings));
    try {
      CudaDriver driver = CudaDriver.open(path);
      List<CudaReport.Device> devices = new ArrayList<>();
      for (CudaDevice device : driver.devices()) {
        devices.add(new CudaReport.Device(device, refusal(device, driver), arithmetic(device)));
      }
      return new CudaReport(place, driver.version(), null, devices, libraries);
    } catch (CudaException e) {
      return new CudaReport(place, null, String.valueOf(e.getMessage()), List.of(), libraries);
    }
  }

  private static CudaReport.Library cublas(CudaSettings settings) {
    Optional<Path> found = LibrarySearch.cublasLt(settings.libraryFolders());
    return new CudaReport.Library(
        LibrarySearch.CUBLAS_LT.getFirst(),
        found.orElse(null),
        found.isPresent()
            ? "found, and not used yet: matrix products run on Quern's own kernels"
            : "not found: matrix products run on Quern's own kernels");
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
