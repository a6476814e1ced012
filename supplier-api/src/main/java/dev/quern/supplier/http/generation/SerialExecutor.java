package dev.quern.supplier.http.generation;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs tasks one at a time and in order on a shared pool; after each run of tasks that were there
 * together, {@code afterBatch}. Handing over costs the caller one queue entry. The queue is bounded
 * by who uses it: a request hands over at most one task a token.
 */
final class SerialExecutor implements Executor {
  /** A long queue gives its worker up between batches, so that no request holds the pool. */
  private static final int BATCH = 64;

  private final Executor pool;
  private final Runnable afterBatch;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();

  SerialExecutor(Executor pool, Runnable afterBatch) {
    this.pool = pool;
    this.afterBatch = afterBatch;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    schedule();
  }

  private void schedule() {
    if (scheduled.compareAndSet(false, true)) {
      pool.execute(this::runBatch);
    }
  }

  private void runBatch() {
    try {
      for (int i = 0; i < BATCH; i++) {
        Runnable task = tasks.poll();
        if (task == null) {
          break;
        }
        task.run();
      }
      afterBatch.run();
    } finally {
      scheduled.set(false);
      if (!tasks.isEmpty()) {
        schedule();
      }
    }
  }
}
