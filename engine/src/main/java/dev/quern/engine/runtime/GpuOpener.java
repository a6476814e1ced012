package dev.quern.engine.runtime;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.engine.device.DeviceOpener;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.cuda.CudaBackend;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens one GPU, and opens it anew when its context was lost.
 *
 * @param cublasLt the file of cuBLASLt, or null where there is none
 * @param decodeGraphs whether decode steps are recorded and replayed
 */
record GpuOpener(
    CudaDriver driver,
    CudaDevice device,
    double memoryUtilization,
    @Nullable Path cublasLt,
    boolean decodeGraphs)
    implements DeviceOpener {
  private static final Logger log = LoggerFactory.getLogger(GpuOpener.class);

  @Override
  public Backend open() {
    return CudaBackend.open(driver, device, memoryUtilization, cublasLt, decodeGraphs);
  }

  @Override
  public boolean isLost(Throwable failure) {
    return losesContext(failure);
  }

  /** Backends name the operation; what the driver said is the cause. */
  static boolean losesContext(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CudaException error && error.losesContext()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Backend reopen(Backend lost) {
    try {
      lost.close();
    } catch (RuntimeException e) {
      // What cannot be freed one by one goes with the context.
      log.debug("{}: closing the lost context", device, e);
    }
    CudaContext.reset(driver, device);
    return open();
  }
}
