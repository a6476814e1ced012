package dev.quern.supplier.http;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that handle text. Intake (JSON, templates, tokenising) and output (detokenising,
 * rendering) have their own, so that a prompt of megabytes never holds up another's tokens.
 */
final class Workers implements AutoCloseable {
  static final int MOST_THREADS = 8;

  private final ThreadPoolExecutor intake;
  private final ThreadPoolExecutor output;

  Workers(int maxQueuedRequests) {
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 2, MOST_THREADS);
    intake = pool("quern-intake-", threads, new LinkedBlockingQueue<>(maxQueuedRequests));
    // Each running request has at most one task here: bounded by the engine's own queue.
    output = pool("quern-text-", threads, new LinkedBlockingQueue<>());
  }

  /**
   * Runs a request's intake.
   *
   * @throws QuernException OVERLOADED when too many wait
   */
  void intake(Runnable task) {
    try {
      intake.execute(task);
    } catch (RejectedExecutionException e) {
      throw new QuernException(
          ErrorCategory.OVERLOADED, "The server is busy: too many requests wait.", e);
    }
  }

  Executor output() {
    return output;
  }

  @Override
  public void close() {
    intake.shutdown();
    output.shutdown();
  }

  private static ThreadPoolExecutor pool(
      String name, int threads, LinkedBlockingQueue<Runnable> queue) {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            30,
            TimeUnit.SECONDS,
            queue,
            task -> {
              Thread thread = new Thread(task, name + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }
}
