package dev.quern.cuda;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a host has of CUDA, and what follows from it.
 *
 * @param driver the driver's file as it was looked for
 * @param driverCuda the CUDA version that the driver serves, or null when it cannot be used
 * @param problem why there is no GPU here and what to do about it, or null when there is one
 * @param devices empty when there is a problem
 * @param libraries optional libraries: where each was found, or not
 */
public record CudaReport(
    String driver,
    @Nullable String driverCuda,
    @Nullable String problem,
    List<Device> devices,
    List<Library> libraries) {

  public CudaReport {
    devices = List.copyOf(devices);
    libraries = List.copyOf(libraries);
  }

  /** Whether models can run on a GPU here. */
  public boolean usable() {
    return problem == null && devices.stream().anyMatch(device -> device.refusal() == null);
  }

  /**
   * One device.
   *
   * @param refusal why it cannot be used, or null
   * @param arithmetic what its kernels compute with
   * @param load what all processes together do with it just now, or null where no gauge tells
   */
  public record Device(
      CudaDevice device, @Nullable String refusal, String arithmetic, @Nullable String load) {}

  /**
   * One library beside the driver.
   *
   * @param name file name looked for first
   * @param place its file, or null where it was not found or is left to the loader
   * @param effect what follows from its presence or absence
   */
  public record Library(String name, @Nullable Path place, String effect) {
    public Optional<Path> found() {
      return Optional.ofNullable(place);
    }
  }
}
