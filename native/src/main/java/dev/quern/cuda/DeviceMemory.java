package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bytedeco.cuda.global.cudart;

/**
 * Who holds which memory of one device. Memory is taken in arenas with a tag, under a budget; an
 * arena that does not fit is refused with everybody's share in the message. For the context's
 * thread; the figures may be read by any.
 */
public final class DeviceMemory {
  private final CudaContext context;
  private final double utilization;
  private final long budgetBytes;
  // Guarded by this: metrics are read by other threads.
  private final Map<String, Long> held = new TreeMap<>();
  private final Map<String, Long> pinned = new TreeMap<>();
  private final Map<String, Long> drivers = new TreeMap<>();
  private long heldBytes;

  DeviceMemory(CudaContext context, double utilization) {
    this.context = context;
    this.utilization = utilization;
    this.budgetBytes =
        Math.min((long) (context.device().totalBytes() * utilization), freeOnDevice());
  }

  /** Bytes that arenas may take together: never more than was free when the context was opened. */
  public long budgetBytes() {
    return budgetBytes;
  }

  public synchronized long heldBytes() {
    return heldBytes;
  }

  public synchronized long freeBytes() {
    return budgetBytes - heldBytes;
  }

  /**
   * Device bytes by tag: those of arenas, and what the driver took for graphs, which the budget
   * leaves to it.
   */
  public synchronized Map<String, Long> held() {
    Map<String, Long> all = new TreeMap<>(held);
    drivers.forEach((tag, bytes) -> all.merge(tag, bytes, Long::sum));
    return Map.copyOf(all);
  }

  /** Pinned host bytes by tag; not part of the budget. */
  public synchronized Map<String, Long> pinned() {
    return Map.copyOf(pinned);
  }

  /**
   * Takes {@code bytes} of device memory.
   *
   * @throws CudaException {@linkplain CudaException#isOutOfMemory out of memory}, with who holds
   *     what
   */
  public DeviceArena arena(String tag, long bytes) {
    DriverLibrary library = context.library();
    if (bytes < 1) {
      throw new IllegalArgumentException(tag + " wants " + bytes + " bytes");
    }
    if (bytes > freeBytes()) {
      throw tooMuch(tag, bytes, "the budget");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
      int result = library.callUnchecked("cuMemAlloc_v2", address, bytes);
      if (result == cudart.CUDA_ERROR_OUT_OF_MEMORY) {
        throw tooMuch(tag, bytes, "the device, where other processes hold memory too,");
      }
      library.check("cuMemAlloc_v2", result);
      count(held, tag, bytes);
      return new DeviceArena(
          this, tag, new DeviceBuffer(address.get(ValueLayout.JAVA_LONG, 0), bytes));
    }
  }

  /** Takes {@code bytes} of page-locked host memory, which the device copies from and to. */
  @SuppressWarnings("restricted") // The driver says where the memory is, and we know its size.
  public PinnedArena pinned(String tag, long bytes) {
    DriverLibrary library = context.library();
    if (bytes < 1) {
      throw new IllegalArgumentException(tag + " wants " + bytes + " bytes");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(ValueLayout.ADDRESS);
      int result = library.callUnchecked("cuMemHostAlloc", address, bytes, 0);
      if (result == cudart.CUDA_ERROR_OUT_OF_MEMORY) {
        throw new CudaException(
            result,
            "the host cannot lock "
                + ByteSizes.text(bytes)
                + " for "
                + tag
                + "; locked so far: "
                + shares(pinned())
                + "; free host memory, or raise the limit of locked memory (ulimit -l)");
      }
      library.check("cuMemHostAlloc", result);
      count(pinned, tag, bytes);
      return new PinnedArena(this, tag, address.get(ValueLayout.ADDRESS, 0).reinterpret(bytes));
    }
  }

  void free(DeviceArena arena) {
    context.library().call("cuMemFree_v2", arena.whole().address());
    count(held, arena.tag(), -arena.whole().bytes());
  }

  void free(PinnedArena arena) {
    context.library().call("cuMemFreeHost", arena.whole());
    count(pinned, arena.tag(), -arena.whole().byteSize());
  }

  /** Counts device memory that the driver took for itself, or gave back where it is negative. */
  void countDrivers(String tag, long bytes) {
    count(drivers, tag, bytes);
  }

  private synchronized void count(Map<String, Long> shares, String tag, long bytes) {
    shares.merge(tag, bytes, Long::sum);
    shares.remove(tag, 0L);
    if (shares == held) {
      heldBytes += bytes;
    }
  }

  /** What nobody holds, this process or another. */
  long freeOnDevice() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
      context.library().call("cuMemGetInfo_v2", free, total);
      return free.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private CudaException tooMuch(String tag, long bytes, String bound) {
    return new CudaException(
        cudart.CUDA_ERROR_OUT_OF_MEMORY,
        context.device()
            + ": "
            + tag
            + " wants "
            + ByteSizes.text(bytes)
            + ", more than "
            + bound
            + " has left: "
            + ByteSizes.text(freeBytes())
            + " of "
            + ByteSizes.text(budgetBytes)
            + " (utilization "
            + utilization
            + "); held: "
            + shares(held())
            + "; unload a model, choose a smaller one or a shorter context, or raise"
            + " --gpu-memory-utilization");
  }

  private static String shares(Map<String, Long> shares) {
    if (shares.isEmpty()) {
      return "nothing";
    }
    List<Map.Entry<String, Long>> largestFirst = new ArrayList<>(shares.entrySet());
    largestFirst.sort(Map.Entry.<String, Long>comparingByValue().reversed());
    return largestFirst.stream()
        .map(share -> share.getKey() + " " + ByteSizes.text(share.getValue()))
        .collect(Collectors.joining(", "));
  }
}
