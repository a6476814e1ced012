package dev.quern.cuda;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where libraries are looked for.
 *
 * @param driverLibrary the driver's file, or null for the loader's {@code libcuda.so.1}; tests name
 *     their look-alike here
 * @param libraryFolders folders searched for cuBLAS and NVML before the usual places
 */
public record CudaSettings(@Nullable Path driverLibrary, List<Path> libraryFolders) {
  public static final CudaSettings DEFAULTS = new CudaSettings(null, List.of());

  public CudaSettings {
    if (driverLibrary != null && !driverLibrary.isAbsolute()) {
      throw new IllegalArgumentException("not an absolute path: " + driverLibrary);
    }
    libraryFolders = List.copyOf(libraryFolders);
  }
}
