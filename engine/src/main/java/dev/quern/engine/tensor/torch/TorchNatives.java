package dev.quern.engine.tensor.torch;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import dev.quern.cpu.CpuLibrary;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Starts libtorch through DJL quietly: no download, no usage report, no search for CUDA in this
 * process. DJL unpacks the natives once, to {@code DJL_CACHE_DIR} (system property or environment)
 * or {@code ~/.djl.ai}; {@code PYTORCH_LIBRARY_PATH} names a folder that has them already. A
 * setting that someone made before is left as it is.
 */
public final class TorchNatives {
  private static final String FORK = "ai.djl.util.cuda.fork";

  private static @Nullable Boolean operationsUsable;

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

  /**
   * Makes {@code ops.quern} known to TorchScript.
   *
   * @return whether this processor can run it (AVX2, FMA, F16C)
   * @throws QuernException UNAVAILABLE when the operations cannot be loaded
   */
  static synchronized boolean registerOperations() {
    engine();
    if (operationsUsable == null) {
      operationsUsable = registeredBy(loadedLibrary());
    }
    return operationsUsable;
  }

  private static boolean registeredBy(CpuLibrary library) {
    return switch (library.register()) {
      case DONE -> true;
      case PROCESSOR_TOO_OLD -> false;
      case REFUSED ->
          throw new QuernException(
              ErrorCategory.UNAVAILABLE,
              "this libtorch does not take Quern's operations; Quern is built for the one in its"
                  + " jar, so unset PYTORCH_LIBRARY_PATH");
    };
  }

  /** From libtorch's own folder where that may be written, since libraries are loaded from it. */
  private static CpuLibrary loadedLibrary() {
    List<Path> folders = new ArrayList<>();
    folderOfLibtorch().filter(Files::isWritable).ifPresent(folders::add);
    folders.add(Path.of(System.getProperty("java.io.tmpdir")));
    Exception failure = null;
    for (Path folder : folders) {
      try {
        return CpuLibrary.load(folder);
      } catch (IOException | IllegalArgumentException e) {
        failure = e;
      }
    }
    throw new QuernException(
        ErrorCategory.UNAVAILABLE,
        "Quern's operations cannot be loaded from "
            + folders
            + " ("
            + failure
            + "); one of them has to be writable and mounted without noexec",
        failure);
  }

  private static Optional<Path> folderOfLibtorch() {
    try (Stream<String> mappings = Files.lines(Path.of("/proc/self/maps"))) {
      return mappings
          .filter(line -> line.endsWith("/libtorch_cpu.so"))
          .findFirst()
          .map(line -> Path.of(line.substring(line.indexOf('/'))).getParent());
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private static Engine engine() {
    setUnlessSet("ai.djl.offline", "true");
    setUnlessSet("OPT_OUT_TRACKING", "true");
    // No operation here is split into tasks, and what DJL would warn of is set by the backend.
    setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
    setUnlessSet("ai.djl.pytorch.graph_optimizer", "false");
    skipCudaSearch();
    // An OpenMP thread that waits spins for milliseconds by default. Beside any other busy process
    // that keeps its own colleague off the processor, at each of a step's 150 barriers: on a busy
    // host of two cores a step took 45 times as long as with no spinning at all. But a thread that
    // sleeps takes long to wake: with 0 or 1000 turns a 110M model decoded 41-57 tokens/s for one
    // client and 240-330 for 16, with 5000 (some 0.1 ms) 49-67 and 240-400; more brought no more.
    ProcessEnvironment.setUnlessSet("GOMP_SPINCOUNT", "5000");
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

  /**
   * DJL counts GPUs by loading libcudart, with a warning where there is none, or by asking a second
   * JVM. This backend is for CPUs: the class that counts takes neither way when it starts with the
   * second setting and is asked with the first.
   */
  private static void skipCudaSearch() {
    System.setProperty(FORK, "true");
    try {
      Class.forName("ai.djl.util.cuda.CudaUtils", true, Engine.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new LinkageError("the jar lacks a class of DJL", e);
    } finally {
      System.setProperty(FORK, "false");
    }
  }

  private static void setUnlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
