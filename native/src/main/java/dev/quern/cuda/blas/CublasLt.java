package dev.quern.cuda.blas;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.NativeLibrary;
import dev.quern.cuda.kernel.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.cuda.global.cublas;
import org.jspecify.annotations.Nullable;

/**
 * cuBLASLt on one context, with one workspace, so that all its products belong on one stream. The
 * algorithm for a shape is chosen when the shape is first met, and remembered. For the context's
 * thread.
 *
 * <p>Products can be captured in graphs: nothing is allocated on the device after opening. A shape
 * should have run once before its first capture, since the driver loads a kernel when it is first
 * used.
 */
public final class CublasLt implements AutoCloseable {
  /** What NVIDIA recommends for Hopper; smaller devices need less and take less of it. */
  public static final long WORKSPACE_BYTES = 32L << 20;

  /**
   * Shapes remembered. A model has about five weights' shapes, each with as many numbers of rows as
   * its prompts have lengths; a plan holds about a kilobyte.
   */
  private static final int MOST_PLANS = 2048;

  private final CudaContext context;
  private final CublasLtLibrary library;
  private final int mostPlans;
  private final MemorySegment handle;
  private final DeviceArena workspace;
  private final Map<ProductShape, ProductPlan> plans = new LinkedHashMap<>(64, 0.75f, true);
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f);
  private final MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0f);
  private final MemorySegment biasPointer = arena.allocate(ValueLayout.JAVA_LONG);
  private final MethodHandle matmul;
  private final MethodHandle setOperationAttribute;
  private boolean closed;

  private CublasLt(
      CudaContext context,
      CublasLtLibrary library,
      MemorySegment handle,
      DeviceArena workspace,
      int mostPlans) {
    this.context = context;
    this.library = library;
    this.handle = handle;
    this.workspace = workspace;
    this.mostPlans = mostPlans;
    this.matmul = library.matmul();
    this.setOperationAttribute = library.setOperationAttribute();
  }

  /**
   * Opens the library at {@code path} on {@code context}, and takes {@link #WORKSPACE_BYTES} there.
   *
   * @throws CudaException when it cannot be loaded or does not start, or the workspace does not fit
   */
  public static CublasLt open(CudaContext context, Path path) {
    return open(context, path, WORKSPACE_BYTES, MOST_PLANS);
  }

  static CublasLt open(CudaContext context, Path path, long workspaceBytes, int mostPlans) {
    CublasLtLibrary library = CublasLtLibrary.load(path);
    DeviceArena workspace = context.memory().arena("cublas workspace", workspaceBytes);
    try {
      MemorySegment handle = library.create("cublasLtCreate");
      return new CublasLt(context, library, handle, workspace, mostPlans);
    } catch (CudaException e) {
      workspace.close();
      throw e;
    }
  }

  /**
   * The version of the library at {@code path}, e.g. {@code 13.1.0}. Needs no device.
   *
   * @throws CudaException when it cannot be loaded
   */
  public static String version(Path path) {
    return CublasLtLibrary.load(path).version();
  }

  public String version() {
    return library.version();
  }

  /** The library's file. */
  public String place() {
    return library.place();
  }

  /**
   * Queues {@code out = x W^T + bias} with sums in fp32; all matrices row-major and packed.
   *
   * @param out {@code [rows, outFeatures]}
   * @param x {@code [rows, inFeatures]}
   * @param weight {@code [outFeatures, inFeatures]}
   * @param bias {@code [outFeatures]} or null
   * @return false, with nothing queued, where cuBLASLt has no algorithm for the shape
   */
  public boolean linear(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias,
      int rows,
      int outFeatures,
      int inFeatures) {
    ProductShape shape = ProductShape.of(type, out, x, weight, bias, rows, outFeatures, inFeatures);
    MemorySegment queue = stream.handle();
    ProductPlan plan = plan(shape, bias);
    if (!plan.served()) {
      return false;
    }
    if (bias != null) {
      setBias(plan, bias);
    }
    int status;
    try {
      status =
          (int)
              matmul.invokeExact(
                  handle,
                  plan.operation(),
                  one,
                  weight.address(),
                  plan.weight(),
                  x.address(),
                  plan.x(),
                  zero,
                  out.address(),
                  plan.out(),
                  out.address(),
                  plan.out(),
                  plan.algorithm(),
                  workspace.whole().address(),
                  plan.workspaceBytes(),
                  queue);
    } catch (Throwable e) {
      throw NativeLibrary.failure(e);
    }
    if (status != cublas.CUBLAS_STATUS_SUCCESS) {
      throw failure("cublasLtMatmul for " + shape, status);
    }
    return true;
  }

  private void setBias(ProductPlan plan, DeviceBuffer bias) {
    biasPointer.set(ValueLayout.JAVA_LONG, 0, bias.address());
    int status;
    try {
      status =
          (int)
              setOperationAttribute.invokeExact(
                  plan.operation(),
                  cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                  biasPointer,
                  biasPointer.byteSize());
    } catch (Throwable e) {
      throw NativeLibrary.failure(e);
    }
    library.check("cublasLtMatmulDescSetAttribute", status);
  }

  private ProductPlan plan(ProductShape shape, @Nullable DeviceBuffer bias) {
    ProductPlan known = plans.get(shape);
    if (known != null) {
      return known;
    }
    ProductPlan plan =
        new ProductPlan(
            library, handle, shape, bias == null ? 0 : bias.address(), workspace.whole().bytes());
    plans.put(shape, plan);
    if (plans.size() > mostPlans) {
      Iterator<ProductPlan> leastRecent = plans.values().iterator();
      leastRecent.next().close();
      leastRecent.remove();
    }
    return plan;
  }

  /** What {@code status} means; where the device is broken, what broke it. */
  private CudaException failure(String call, int status) {
    context.requireAlive();
    return library.failure(call, status);
  }

  /** Gives the workspace back; nothing queued may still need it. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      plans.values().forEach(ProductPlan::close);
      plans.clear();
      arena.close();
      try (workspace) {
        library.call("cublasLtDestroy", handle);
      }
    }
  }
}
