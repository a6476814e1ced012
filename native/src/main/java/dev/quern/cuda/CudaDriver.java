package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.global.cudart;
import org.jspecify.annotations.Nullable;

/** An initialised driver and the devices it knows. Safe for threads. */
public final class CudaDriver {
  /** The first driver of CUDA 12, whose API the kernels' binaries and graphs need. */
  static final String OLDEST_DRIVER = "525.60";

  private static final int OLDEST_VERSION = 12000;
  private static final int CUDA_13 = 13000;
  private static final int NAME_BYTES = 256;
  private static final int PCI_BUS_ID_BYTES = 64;

  private final DriverLibrary library;
  private final int version;

  private CudaDriver(DriverLibrary library, int version) {
    this.library = library;
    this.version = version;
  }

  /**
   * Loads and initialises the driver.
   *
   * @param path absolute path of the driver, or null for the loader's own
   * @throws CudaException which says what is missing: driver, age, devices
   */
  public static CudaDriver open(@Nullable Path path) {
    DriverLibrary library = DriverLibrary.load(path);
    int version = readInt(library, "cuDriverGetVersion");
    if (version < OLDEST_VERSION) {
      throw new CudaException(
          "the NVIDIA driver "
              + library.place()
              + " is too old: it serves CUDA "
              + versionText(version)
              + " and "
              + versionText(OLDEST_VERSION)
              + " is needed; install driver "
              + OLDEST_DRIVER
              + " or later");
    }
    int result = library.callUnchecked("cuInit", 0);
    if (result == cudart.CUDA_ERROR_NO_DEVICE) {
      throw new CudaException(
          result,
          "the NVIDIA driver is installed, but it sees no GPU; look at nvidia-smi and"
              + " CUDA_VISIBLE_DEVICES, and in a container start it with --gpus all");
    }
    library.check("cuInit", result);
    return new CudaDriver(library, version);
  }

  /** The CUDA version that the driver serves, e.g. {@code 13.0}. */
  public String version() {
    return versionText(version);
  }

  /** Whether device code made by CUDA 13's compiler can be loaded; else PTX is compiled on load. */
  public boolean readsCuda13Binaries() {
    return version >= CUDA_13;
  }

  /** The driver's file, as it was looked for. */
  public String place() {
    return library.place();
  }

  /** All devices, by ordinal. */
  public List<CudaDevice> devices() {
    int count = readInt(library, "cuDeviceGetCount");
    List<CudaDevice> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < count; ordinal++) {
      devices.add(describe(ordinal));
    }
    return List.copyOf(devices);
  }

  /**
   * The device {@code cuda:ordinal}.
   *
   * @throws CudaException when there is no such device; the message lists those that are there
   */
  public CudaDevice device(int ordinal) {
    List<CudaDevice> devices = devices();
    if (ordinal < 0 || ordinal >= devices.size()) {
      throw new CudaException("there is no cuda:" + ordinal + "; this host has " + devices);
    }
    return devices.get(ordinal);
  }

  /** Where {@code device} is on this host's bus, e.g. {@code 0000:01:00.0}: its name for NVML. */
  public String pciBusId(CudaDevice device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment id = arena.allocate(PCI_BUS_ID_BYTES);
      library.call("cuDeviceGetPCIBusId", id, PCI_BUS_ID_BYTES, device.ordinal());
      return id.getString(0);
    }
  }

  DriverLibrary library() {
    return library;
  }

  private CudaDevice describe(int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(NAME_BYTES);
      library.call("cuDeviceGetName", name, NAME_BYTES, ordinal);
      MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
      library.call("cuDeviceTotalMem_v2", bytes, ordinal);
      return new CudaDevice(
          ordinal,
          name.getString(0),
          attribute(ordinal, cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
          attribute(ordinal, cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
          attribute(ordinal, cudart.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
          attribute(ordinal, cudart.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
          bytes.get(ValueLayout.JAVA_LONG, 0));
    }
  }

  private int attribute(int ordinal, int attribute) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      library.call("cuDeviceGetAttribute", value, attribute, ordinal);
      return value.get(ValueLayout.JAVA_INT, 0);
    }
  }

  private static int readInt(DriverLibrary library, String function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      library.call(function, value);
      return value.get(ValueLayout.JAVA_INT, 0);
    }
  }

  private static String versionText(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }
}
