package dev.quern.engine.device;

import dev.quern.engine.tensor.Backend;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one platform thread that owns a device. Engines register their step loops and get a step each
 * in turn; loading and closing run in between. With nothing to do the thread is parked.
 */
public final class DeviceThread implements AutoCloseable {
  /** What the thread does in turns. */
  public interface Work {
    /**
     * Does one step.
     *
     * @param othersNanos what the others' steps took since this one's last: work that can be cut to
     *     measure takes about as long, and everybody gets an equal share of the device
     * @return whether there may be more to do at once
     */
    boolean step(long othersNanos);

    /** The thread dies of {@code fatal}: there will be no more steps. */
    void abandon(Throwable fatal);
  }

  private static final Logger log = LoggerFactory.getLogger(DeviceThread.class);

  /** Loads and closes come one by one; more than this at once is a fault of the caller. */
  private static final int MOST_TASKS = 256;

  private final BlockingQueue<Task<?>> tasks = new ArrayBlockingQueue<>(MOST_TASKS);
  private final List<Turns> turns = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Backend> opened = new CompletableFuture<>();
  private final Thread thread;
  private volatile boolean closing;
  private volatile boolean ended;

  private DeviceThread(String name, Supplier<Backend> opener) {
    thread = Thread.ofPlatform().name("device-" + name).daemon(true).unstarted(() -> run(opener));
  }

  /**
   * Starts the thread and opens its backend on it.
   *
   * @throws QuernException what {@code opener} threw
   */
  public static DeviceThread start(String name, Supplier<Backend> opener) {
    DeviceThread device = new DeviceThread(name, opener);
    device.thread.start();
    await(device.opened);
    return device;
  }

  /**
   * Runs {@code task} on the thread, between steps, and waits for its result.
   *
   * @throws QuernException what the task threw, or UNAVAILABLE when the thread has ended
   */
  public <T> T call(Function<Backend, T> task) {
    if (Thread.currentThread() == thread) {
      return task.apply(await(opened));
    }
    Task<T> queued = new Task<>(task, new CompletableFuture<>());
    if (ended || !tasks.offer(queued)) {
      throw gone();
    }
    wake();
    if (ended) {
      // The thread may have looked for leftover tasks before this one was queued.
      refuseTasks();
    }
    return await(queued.result);
  }

  /** Ends the thread after the tasks already queued and closes the backend. Waits for that. */
  @Override
  public void close() {
    closing = true;
    wake();
    if (Thread.currentThread() == thread) {
      return;
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Gives {@code work} its turns from now on. */
  public void register(Work work) {
    turns.add(new Turns(work));
    wake();
  }

  /** Ends the turns of {@code work}; on the device's thread. */
  public void unregister(Work work) {
    turns.removeIf(turn -> turn.work == work);
  }

  /** Says that there is something to do. */
  public void wake() {
    LockSupport.unpark(thread);
  }

  private void run(Supplier<Backend> opener) {
    try (Backend backend = opener.get()) {
      opened.complete(backend);
      try {
        loop(backend);
      } catch (Throwable fatal) {
        log.error("{} dies", thread.getName(), fatal);
        turns.forEach(turn -> turn.work.abandon(fatal));
      }
    } catch (Throwable e) {
      if (!opened.completeExceptionally(e)) {
        log.error("{} could not close its device", thread.getName(), e);
      }
    } finally {
      ended = true;
      refuseTasks();
    }
  }

  private void loop(Backend backend) {
    // Of all steps together; touched by this thread alone, as everything in Turns.
    long busyNanos = 0;
    while (!closing || !tasks.isEmpty()) {
      boolean more = false;
      Task<?> task = tasks.poll();
      if (task != null) {
        task.run(backend);
        more = true;
      }
      for (Turns turn : turns) {
        long begin = System.nanoTime();
        more |= turn.work.step(busyNanos - turn.busyNanosAfterLast);
        busyNanos += System.nanoTime() - begin;
        turn.busyNanosAfterLast = busyNanos;
      }
      if (!more && !closing) {
        // A wake between the last look and here makes this return at once.
        LockSupport.park(this);
        // Parking is impossible while the flag is set.
        Thread.interrupted();
      }
    }
  }

  private void refuseTasks() {
    for (Task<?> task = tasks.poll(); task != null; task = tasks.poll()) {
      task.result.completeExceptionally(gone());
    }
  }

  private QuernException gone() {
    return new QuernException(
        ErrorCategory.UNAVAILABLE,
        "the thread of device "
            + thread.getName()
            + " has ended or is overrun; restart the server");
  }

  private static <T> T await(CompletableFuture<T> result) {
    try {
      return result.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuernException(
          ErrorCategory.UNAVAILABLE, "interrupted while the device was at work", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof QuernException known) {
        throw known;
      }
      throw new QuernException(
          ErrorCategory.INTERNAL, "the device failed: " + cause, cause == null ? e : cause);
    }
  }

  private static final class Turns {
    final Work work;
    long busyNanosAfterLast;

    Turns(Work work) {
      this.work = work;
    }
  }

  private record Task<T>(Function<Backend, T> body, CompletableFuture<T> result) {
    void run(Backend backend) {
      try {
        result.complete(body.apply(backend));
      } catch (Throwable e) {
        result.completeExceptionally(e);
        if (e instanceof VirtualMachineError fatal) {
          throw fatal;
        }
      }
    }
  }
}
