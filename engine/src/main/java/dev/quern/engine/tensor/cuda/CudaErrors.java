package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaException;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The driver's and the kernels' errors as the engine's. */
final class CudaErrors {
  private CudaErrors() {}

  /**
   * Runs {@code work}; what CUDA refuses is named by {@code operation}.
   *
   * @throws QuernException OUT_OF_MEMORY with who holds what, else INTERNAL; its cause is the
   *     {@link CudaException}, which knows whether the device can still be used
   */
  static <T> T named(String operation, Supplier<T> work) {
    try {
      return work.get();
    } catch (CudaException e) {
      throw new QuernException(
          e.isOutOfMemory() ? ErrorCategory.OUT_OF_MEMORY : ErrorCategory.INTERNAL,
          "CUDA failed in " + operation + ": " + e.getMessage(),
          e);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      // Shapes that no kernel takes.
      throw new QuernException(
          ErrorCategory.INTERNAL, "CUDA cannot do " + operation + ": " + e.getMessage(), e);
    }
  }

  /** What CUDA said of {@code failure}; null where it said nothing. */
  static @Nullable CudaException cause(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CudaException cuda) {
        return cuda;
      }
    }
    return null;
  }

  static void named(String operation, Runnable work) {
    named(
        operation,
        () -> {
          work.run();
          return true;
        });
  }

  /**
   * Closes all of them, in order. A context that is lost has freed what it held, so that is no
   * error here.
   */
  static void close(List<? extends AutoCloseable> resources) {
    RuntimeException failure = null;
    for (AutoCloseable resource : resources) {
      try {
        resource.close();
      } catch (CudaException e) {
        if (!e.losesContext()) {
          failure = e;
        }
      } catch (RuntimeException e) {
        failure = e;
      } catch (Exception e) {
        failure = new IllegalStateException(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
