package dev.quern.cuda.nvml;

import dev.quern.cuda.CudaException;
import dev.quern.cuda.CudaSettings;
import dev.quern.cuda.LibrarySearch;
import dev.quern.cuda.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.bytedeco.cuda.global.nvml;
import org.jspecify.annotations.Nullable;

/**
 * The gauges of this host's GPUs, read by NVML. Never throws: where NVML is missing or fails,
 * readings are empty and say why. Safe for threads.
 *
 * <p>GPUs are named by PCI bus id, since NVML counts all of the host's while CUDA counts those that
 * {@code CUDA_VISIBLE_DEVICES} lets through, in an order of its own.
 */
public final class GpuGauges {
  /** For the loader. */
  public static final String NAME = "libnvidia-ml.so.1";

  private static final int VERSION_BYTES = 96;

  private final @Nullable NativeLibrary library;
  private final String description;

  private GpuGauges(@Nullable NativeLibrary library, String description) {
    this.library = library;
    this.description = description;
  }

  /**
   * Loads and initialises NVML, which stays so while the process lives. Taken from the settings'
   * folders, else wherever the loader finds it.
   */
  public static GpuGauges open(CudaSettings settings) {
    return open(LibrarySearch.configured(settings, NAME).orElse(null));
  }

  /** {@code path} is absolute, or null for the loader's. */
  static GpuGauges open(@Nullable Path path) {
    try {
      NativeLibrary library =
          NativeLibrary.load(
              "NVML",
              NAME,
              path,
              "it comes with the NVIDIA driver; in a container start it with --gpus all");
      check(library, "nvmlInit_v2", library.call("nvmlInit_v2"));
      return new GpuGauges(library, "driver " + driverVersion(library));
    } catch (CudaException e) {
      return new GpuGauges(null, String.valueOf(e.getMessage()));
    }
  }

  /** Whether there is anything to read; else {@link #description} says why. */
  public boolean present() {
    return library != null;
  }

  /** The driver's version, e.g. {@code driver 580.65.06}, or why there are no gauges. */
  public String description() {
    return description;
  }

  /** Reads the GPU at {@code pciBusId}, e.g. {@code 0000:01:00.0}. */
  public GpuReading read(String pciBusId) {
    if (library == null) {
      return GpuReading.nothing(description);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(ValueLayout.ADDRESS);
      check(
          library,
          "nvmlDeviceGetHandleByPciBusId_v2 for " + pciBusId,
          library.call("nvmlDeviceGetHandleByPciBusId_v2", arena.allocateFrom(pciBusId), found));
      return new OneGpu(library, found.get(ValueLayout.ADDRESS, 0), arena).read();
    } catch (CudaException e) {
      return GpuReading.nothing(String.valueOf(e.getMessage()));
    }
  }

  private static String driverVersion(NativeLibrary library) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(VERSION_BYTES);
      check(
          library,
          "nvmlSystemGetDriverVersion",
          library.call("nvmlSystemGetDriverVersion", text, VERSION_BYTES));
      return text.getString(0);
    }
  }

  private static void check(NativeLibrary library, String call, int result) {
    if (result != nvml.NVML_SUCCESS) {
      throw new CudaException(
          call
              + " failed: "
              + library.callForText("nvmlErrorString", result)
              + " ("
              + result
              + ")");
    }
  }

  /** The values of one GPU, each of which may fail alone: not every GPU has every gauge. */
  private static final class OneGpu {
    /** {@code nvmlMemory_t}: total, free, used. */
    private static final int MEMORY_FIELDS = 3;

    /** {@code nvmlUtilization_t}: gpu, memory, in percent. */
    private static final int UTILIZATION_FIELDS = 2;

    private final NativeLibrary library;
    private final MemorySegment device;
    private final Arena arena;
    private final List<String> problems = new ArrayList<>();

    OneGpu(NativeLibrary library, MemorySegment device, Arena arena) {
      this.library = library;
      this.device = device;
      this.arena = arena;
    }

    GpuReading read() {
      MemorySegment memory = arena.allocate(ValueLayout.JAVA_LONG, MEMORY_FIELDS);
      boolean hasMemory = filled("nvmlDeviceGetMemoryInfo", memory);
      MemorySegment utilization = arena.allocate(ValueLayout.JAVA_INT, UTILIZATION_FIELDS);
      boolean hasUtilization = filled("nvmlDeviceGetUtilizationRates", utilization);
      MemorySegment milliwatts = arena.allocate(ValueLayout.JAVA_INT);
      boolean hasPower = filled("nvmlDeviceGetPowerUsage", milliwatts);
      MemorySegment celsius = arena.allocate(ValueLayout.JAVA_INT);
      boolean hasTemperature = hasTemperature(celsius);
      return new GpuReading(
          hasMemory ? OptionalLong.of(longAt(memory, 2)) : OptionalLong.empty(),
          hasMemory ? OptionalLong.of(longAt(memory, 1)) : OptionalLong.empty(),
          hasUtilization ? OptionalInt.of(intOf(utilization)) : OptionalInt.empty(),
          hasPower ? OptionalDouble.of(intOf(milliwatts) / 1000.0) : OptionalDouble.empty(),
          hasTemperature ? OptionalInt.of(intOf(celsius)) : OptionalInt.empty(),
          problems.isEmpty() ? null : String.join("; ", problems));
    }

    private boolean filled(String function, MemorySegment value) {
      return succeeded(function, device, value);
    }

    private boolean hasTemperature(MemorySegment celsius) {
      return succeeded("nvmlDeviceGetTemperature", device, nvml.NVML_TEMPERATURE_GPU, celsius);
    }

    private boolean succeeded(String function, Object... arguments) {
      try {
        check(library, function, library.call(function, arguments));
        return true;
      } catch (CudaException e) {
        problems.add(String.valueOf(e.getMessage()));
        return false;
      }
    }

    private static long longAt(MemorySegment value, int index) {
      return value.getAtIndex(ValueLayout.JAVA_LONG, index);
    }

    private static int intOf(MemorySegment value) {
      return value.get(ValueLayout.JAVA_INT, 0);
    }
  }
}
