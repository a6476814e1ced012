package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads that each run a whole pass on one processor, with a workspace of their own. One pass over
 * all processors waits at the seam of every operation for the slowest of them, which costs little
 * on a machine with nothing else to do, but more the more the threads of HTTP come between; passes
 * side by side wait once. MiniLM's shape in fp32 on two processors with AVX2, 256 clients over HTTP
 * with 16 tokens each: 158 and 178 texts/s in two rounds, 144 and 166 with one pass.
 */
final class TorchLanes implements AutoCloseable {
  private final ExecutorService threads;
  private final int count;

  /** What belongs to the thread that computes. */
  static final class Seat {
    @Nullable TorchArena workspace;
  }

  /** A lane's thread. */
  static final class Lane extends Thread {
    private final TorchBackend backend;
    final Seat seat = new Seat();

    Lane(TorchBackend backend, Runnable work, int number) {
      super(
          () -> {
            useProcessors(1);
            work.run();
          },
          "device-lane-" + number);
      this.backend = backend;
      setDaemon(true);
    }

    /** The seat of the current thread if it is a lane of {@code backend}. */
    static @Nullable Seat seatIn(TorchBackend backend) {
      return Thread.currentThread() instanceof Lane lane && lane.backend == backend
          ? lane.seat
          : null;
    }
  }

  /** Lanes for {@code backend}; their threads start with their first passes. */
  TorchLanes(TorchBackend backend, int count) {
    this.count = count;
    AtomicInteger number = new AtomicInteger();
    threads =
        Executors.newFixedThreadPool(
            count, work -> new Lane(backend, work, number.incrementAndGet()));
  }

  /**
   * Sets how many processors operations of the current thread may use. libtorch keeps the number
   * with each thread, but takes it, at a thread's first operation, from whoever set one last; so
   * that first time is here, one thread after another.
   */
  static void useProcessors(int count) {
    synchronized (TorchLanes.class) {
      JniUtils.setNumThreads(count);
      JniUtils.getNumThreads();
    }
    // Plans are compiled once; profiling each method's first runs would only delay them.
    JniUtils.setGraphExecutorOptimize(false);
  }

  int count() {
    return count;
  }

  /** Runs all passes and waits for them; throws what the first that failed threw. */
  <T> List<T> run(List<Supplier<T>> passes) {
    List<Future<T>> running = new ArrayList<>();
    for (Supplier<T> pass : passes) {
      running.add(threads.submit(pass::get));
    }
    List<T> results = new ArrayList<>();
    Throwable failure = null;
    for (Future<T> pass : running) {
      try {
        results.add(uninterrupted(pass));
      } catch (ExecutionException e) {
        failure = failure == null ? e.getCause() : failure;
      }
    }
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
    return results;
  }

  /** Nobody may go on while a pass still computes: it uses the model's weights. */
  private static <T> T uninterrupted(Future<T> pass) throws ExecutionException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return pass.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    threads.close();
  }
}
