package dev.quern.engine.embed;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Splits the tokenising of many texts over threads. The thread that asks works too, so a request
 * never waits for the others' and the queue of helpers may be full.
 */
final class TokenizerThreads implements AutoCloseable {
  /** Texts that one thread takes at a time: a request of so few is not split at all. */
  static final int CHUNK = 8;

  private static final int MOST_OFFERS = 256;

  private final int threads;
  private final ThreadPoolExecutor helpers;

  TokenizerThreads(String name, int threads) {
    this.threads = threads;
    AtomicInteger number = new AtomicInteger();
    this.helpers =
        new ThreadPoolExecutor(
            threads,
            threads,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MOST_OFFERS),
            task ->
                Thread.ofPlatform()
                    .name("tokenizer-" + name + "-" + number.incrementAndGet())
                    .daemon(true)
                    .unstarted(task));
    helpers.allowCoreThreadTimeOut(true);
  }

  /** Does the items from {@code from} to before {@code to}. */
  @FunctionalInterface
  interface Chunks {
    void run(int from, int to);
  }

  /**
   * Does {@code count} items in chunks; returns when all are done or one has failed.
   *
   * @throws RuntimeException the first failure; chunks not yet begun are then left out
   */
  void run(int count, Chunks chunks) {
    Job job = new Job(count, chunks);
    int offers = Math.min(threads - 1, (count - 1) / CHUNK);
    for (int i = 0; i < offers; i++) {
      try {
        helpers.execute(job);
      } catch (RejectedExecutionException e) {
        break;
      }
    }
    job.run();
    job.awaitHelpers();
  }

  int threads() {
    return threads;
  }

  @Override
  public void close() {
    helpers.shutdown();
  }

  /** Run by every thread that takes part. */
  private static final class Job implements Runnable {
    private final int count;
    private final Chunks chunks;
    private final AtomicInteger next = new AtomicInteger();

    // Under this object's lock.
    private int active;
    private boolean closed;
    private @Nullable RuntimeException failure;

    Job(int count, Chunks chunks) {
      this.count = count;
      this.chunks = chunks;
    }

    @Override
    public void run() {
      if (!enter()) {
        return;
      }
      try {
        for (int from = next.getAndAdd(CHUNK); from < count; from = next.getAndAdd(CHUNK)) {
          chunks.run(from, Math.min(count, from + CHUNK));
        }
      } catch (RuntimeException e) {
        failed(e);
      } finally {
        leave();
      }
    }

    /** Closes the job to helpers that come late, and waits for those at work. */
    synchronized void awaitHelpers() {
      closed = true;
      boolean interrupted = false;
      while (active > 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      if (failure != null) {
        throw failure;
      }
    }

    private synchronized boolean enter() {
      if (closed) {
        return false;
      }
      active++;
      return true;
    }

    private synchronized void leave() {
      active--;
      notifyAll();
    }

    private synchronized void failed(RuntimeException e) {
      failure = failure == null ? e : failure;
      next.set(count);
    }
  }
}
