package dev.quern.engine.runtime;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.engine.device.DeviceOpener;
import dev.quern.engine.tensor.Backend;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens one GPU, and opens it anew when its context was lost. */
record GpuOpener(CudaDriver driver, CudaDevice device, double memoryUtilization)
    implements DeviceOpener {
  private static final Logger log = LoggerFactory.getLogger(GpuOpener.class);

  @Override
  public Backend open() {
    throw new QuernException(
        ErrorCategory.UNAVAILABLE,
        "device",
        "no CUDA backend in this build, so " + device + " is not used",
        null);
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
