package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.bytedeco.cuda.global.cudart;

/**
 * One kernel and the block its arguments are written to; the driver copies them at launch, so the
 * block is used again. For the context's thread:
 *
 * <pre>kernel.arguments().buffer(out).buffer(x).integer(rows); kernel.launch(stream, shape);</pre>
 */
public final class CudaKernel {
  /** Above this a kernel must ask for its shared memory. */
  private static final int SHARED_BYTES_BY_DEFAULT = 48 << 10;

  private final CudaContext context;
  private final String name;
  private final MemorySegment function;
  private final int parameters;
  private final MemorySegment values;
  private final MemorySegment pointers;
  private final MethodHandle launch;
  private final Arguments arguments = new Arguments();
  private int sharedBytesAllowed = SHARED_BYTES_BY_DEFAULT;

  CudaKernel(CudaContext context, String name, MemorySegment function, int parameters) {
    this.context = context;
    this.name = name;
    this.function = function;
    this.parameters = parameters;
    Arena arena = Arena.ofAuto();
    this.values = arena.allocate(8L * Math.max(1, parameters), 16);
    this.pointers = arena.allocate(8L * Math.max(1, parameters), 16);
    for (int i = 0; i < parameters; i++) {
      pointers.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
    }
    this.launch =
        context
            .library()
            .handle(
                "cuLaunchKernel",
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS);
  }

  public String name() {
    return name;
  }

  /** Begins anew with the first argument. */
  public Arguments arguments() {
    arguments.next = 0;
    return arguments;
  }

  /**
   * Queues the kernel with the arguments written last.
   *
   * @throws CudaException when the driver refuses; a fault of the kernel itself comes from a later
   *     call
   */
  public void launch(CudaStream stream, LaunchShape shape) {
    if (arguments.next != parameters) {
      throw new IllegalStateException(
          name + " has " + parameters + " parameters and got " + arguments.next);
    }
    DriverLibrary library = context.library();
    allowShared(library, shape.sharedBytes());
    int result;
    try {
      result =
          (int)
              launch.invokeExact(
                  function,
                  shape.gridX(),
                  shape.gridY(),
                  shape.gridZ(),
                  shape.threads(),
                  1,
                  1,
                  shape.sharedBytes(),
                  stream.handle(),
                  pointers,
                  MemorySegment.NULL);
    } catch (Throwable e) {
      throw NativeLibrary.failure(e);
    }
    if (result != cudart.CUDA_SUCCESS) {
      library.check("launch of " + name + " as " + shape, result);
    }
  }

  private void allowShared(DriverLibrary library, int bytes) {
    if (bytes > sharedBytesAllowed) {
      int most = context.device().sharedBytesPerBlock();
      if (bytes > most) {
        throw new CudaException(
            name + " needs " + bytes + " bytes of shared memory a block, the device has " + most);
      }
      library.call(
          "cuFuncSetAttribute",
          function,
          cudart.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
          bytes);
      sharedBytesAllowed = bytes;
    }
  }

  /** The arguments of one launch, in the kernel's order. */
  public final class Arguments {
    private int next;

    private Arguments() {}

    public Arguments buffer(DeviceBuffer buffer) {
      values.setAtIndex(ValueLayout.JAVA_LONG, next++, buffer.address());
      return this;
    }

    /** A null pointer: the kernel goes without. */
    public Arguments nothing() {
      values.setAtIndex(ValueLayout.JAVA_LONG, next++, 0L);
      return this;
    }

    public Arguments integer(int value) {
      values.set(ValueLayout.JAVA_INT, 8L * next++, value);
      return this;
    }

    public Arguments number(float value) {
      values.set(ValueLayout.JAVA_FLOAT, 8L * next++, value);
      return this;
    }
  }
}
