package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaModule;
import java.util.HashMap;
import java.util.Map;

/** The loaded kernels of one context, each looked up when first used. For the context's thread. */
public final class KernelModule implements AutoCloseable {
  private final CudaModule module;
  private final CudaDevice device;
  private final Map<String, CudaKernel> kernels = new HashMap<>();

  /**
   * Loads the kernels.
   *
   * @param image cubin, fatbin or PTX of {@code quern_kernels.cu}
   */
  public KernelModule(CudaContext context, byte[] image) {
    this.module = context.load(image);
    this.device = context.device();
  }

  /** Whether the device multiplies matrices of this type by {@code mma.sync} as the kernels do. */
  boolean hasTensorCores(ElementType type) {
    return type != ElementType.FP32 && device.computeCapability() >= 80;
  }

  int multiprocessors() {
    return device.multiprocessors();
  }

  CudaKernel kernel(String name, int parameters) {
    CudaKernel known = kernels.get(name);
    if (known == null) {
      known = module.kernel(name, parameters);
      kernels.put(name, known);
    }
    return known;
  }

  /** Unloads the kernels; none may run any more. */
  @Override
  public void close() {
    module.close();
  }
}
