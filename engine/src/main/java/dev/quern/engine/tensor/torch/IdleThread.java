package dev.quern.engine.tensor.torch;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads for long work that can wait, such as digests of weights: they take what processors others
 * leave idle, and a tenth of one where none is. A virtual thread would keep one of few carriers for
 * itself, and of Java's own priorities Linux sees nothing.
 */
public final class IdleThread {
  private static final Logger log = LoggerFactory.getLogger(IdleThread.class);

  // Linux' resource.h; its threads have priorities of their own, and 0 is the one that calls.
  private static final int PRIO_PROCESS = 0;
  private static final int CALLER = 0;
  private static final int A_TENTH = 10;

  private IdleThread() {}

  /** A started daemon thread. */
  public static Thread start(String name, Runnable work) {
    return Thread.ofPlatform()
        .name(name)
        .daemon()
        .start(
            () -> {
              yieldToOthers();
              work.run();
            });
  }

  @SuppressWarnings("restricted") // the manifest enables native access
  private static void yieldToOthers() {
    Linker linker = Linker.nativeLinker();
    MethodHandle setpriority =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setpriority"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT));
    try {
      int refused = (int) setpriority.invokeExact(PRIO_PROCESS, CALLER, A_TENTH);
      if (refused != 0) {
        log.debug("{} keeps the process's priority", Thread.currentThread().getName());
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new LinkageError("setpriority", e);
    }
  }
}
