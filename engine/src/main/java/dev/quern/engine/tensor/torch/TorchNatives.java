package dev.quern.engine.tensor.torch;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;

/**
 * Starts libtorch through DJL quietly: no download, no usage report, no search for CUDA in this
 * process. DJL unpacks the natives once, to {@code DJL_CACHE_DIR} (system property or environment)
 * or {@code ~/.djl.ai}; {@code PYTORCH_LIBRARY_PATH} names a folder that has them already. A
 * setting that someone made before is left as it is.
 */
public final class TorchNatives {
  private TorchNatives() {}

  /**
   * Loads libtorch unless it is loaded; later calls cost nothing.
   *
   * @throws QuernException UNAVAILABLE when this machine cannot load it
   */
  public static void load() {
    engine();
  }

  static NDManager newManager() {
    return engine().newBaseManager();
  }

  private static Engine engine() {
    setUnlessSet("ai.djl.offline", "true");
    setUnlessSet("OPT_OUT_TRACKING", "true");
    // DJL's search for CUDA would load libcudart into this process, with a warning where there is
    // none; asked to fork, it looks only when told to.
    setUnlessSet("ai.djl.util.cuda.fork", "true");
    try {
      return Engine.getEngine("PyTorch");
    } catch (RuntimeException | LinkageError e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "libtorch does not load on this machine ("
              + e.getMessage()
              + "); check that it is linux-x86_64 with glibc and that DJL_CACHE_DIR or ~/.djl.ai"
              + " can be written",
          e);
    }
  }

  private static void setUnlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
