package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.cuda.global.cudart;

/**
 * One device's primary context, current on the platform thread that opened it. That thread owns the
 * context and everything made from it, and any other gets an {@link IllegalStateException}. Closing
 * synchronises and gives the context back; what was made from it must have been closed before,
 * unless the device has failed.
 */
public final class CudaContext implements AutoCloseable {
  private final CudaDriver driver;
  private final CudaDevice device;
  private final Thread owner;
  private final DeviceMemory memory;
  private boolean closed;

  private CudaContext(CudaDriver driver, CudaDevice device, double memoryUtilization) {
    this.driver = driver;
    this.device = device;
    this.owner = Thread.currentThread();
    this.memory = new DeviceMemory(this, memoryUtilization);
  }

  /**
   * Opens {@code device} on the calling thread.
   *
   * @param memoryUtilization share of the device's memory that arenas may take, in (0, 1]
   */
  public static CudaContext open(CudaDriver driver, CudaDevice device, double memoryUtilization) {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a context belongs to one platform thread");
    }
    if (!(memoryUtilization > 0 && memoryUtilization <= 1)) {
      throw new IllegalArgumentException("memory utilization " + memoryUtilization);
    }
    DriverLibrary library = driver.library();
    library.call("cuCtxSetCurrent", retain(library, device.ordinal()));
    try {
      return new CudaContext(driver, device, memoryUtilization);
    } catch (CudaException e) {
      library.callUnchecked("cuDevicePrimaryCtxRelease_v2", device.ordinal());
      throw e;
    }
  }

  private static MemorySegment retain(DriverLibrary library, int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
      library.call("cuDevicePrimaryCtxRetain", context, ordinal);
      return context.get(ValueLayout.ADDRESS, 0);
    }
  }

  /**
   * Destroys whatever is left of the device's primary context in this process, its memory included,
   * so that a device that failed can be opened again. No context may be open on it.
   */
  public static void reset(CudaDriver driver, CudaDevice device) {
    driver.library().call("cuDevicePrimaryCtxReset_v2", device.ordinal());
  }

  public CudaDevice device() {
    return device;
  }

  public DeviceMemory memory() {
    return memory;
  }

  /** A new stream that does not wait for any other. */
  public CudaStream newStream() {
    return new CudaStream(this, newHandle("cuStreamCreate", cudart.CU_STREAM_NON_BLOCKING));
  }

  /**
   * A new event, not yet recorded.
   *
   * @param timed whether {@link CudaEvent#millisecondsSince} will be asked for; costs a little
   */
  public CudaEvent newEvent(boolean timed) {
    int flags = timed ? cudart.CU_EVENT_DEFAULT : cudart.CU_EVENT_DISABLE_TIMING;
    return new CudaEvent(this, newHandle("cuEventCreate", flags), timed);
  }

  /**
   * Loads a cubin, fatbin or PTX text.
   *
   * @throws CudaException when the image holds nothing for this device or driver
   */
  public CudaModule load(byte[] image) {
    library();
    try (Arena arena = Arena.ofConfined()) {
      // PTX is text that ends with a zero.
      MemorySegment copy = arena.allocate(image.length + 1L, 16);
      MemorySegment.copy(image, 0, copy, ValueLayout.JAVA_BYTE, 0, image.length);
      MemorySegment module = arena.allocate(ValueLayout.ADDRESS);
      library().call("cuModuleLoadData", module, copy);
      return new CudaModule(this, module.get(ValueLayout.ADDRESS, 0));
    }
  }

  /**
   * Throws what broke the device, if it is broken; waits for its work. For callers of other
   * libraries, which only say that something failed.
   */
  public void requireAlive() {
    try {
      synchronize();
    } catch (CudaException e) {
      if (e.losesContext()) {
        throw e;
      }
    }
  }

  /** Waits for all work on the device. */
  public void synchronize() {
    library().call("cuCtxSynchronize");
  }

  /** Gives the context back. A device that has failed is left to {@link #reset}. */
  @Override
  public void close() {
    if (!closed) {
      DriverLibrary library = library();
      closed = true;
      library.call("cuDevicePrimaryCtxRelease_v2", device.ordinal());
    }
  }

  /** The driver's functions, for the owning thread alone. */
  DriverLibrary library() {
    if (Thread.currentThread() != owner) {
      throw new IllegalStateException(
          device
              + " belongs to thread "
              + owner.getName()
              + ", and "
              + Thread.currentThread().getName()
              + " called it");
    }
    if (closed) {
      throw new IllegalStateException(device + " has been closed");
    }
    return driver.library();
  }

  private MemorySegment newHandle(String function, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(ValueLayout.ADDRESS);
      library().call(function, handle, flags);
      return handle.get(ValueLayout.ADDRESS, 0);
    }
  }
}
