package dev.quern.engine.device;

import dev.quern.engine.tensor.Backend;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one platform thread that owns a device. Engines register their step loops and get a step each
 * in turn; loading and closing run in between. With nothing to do the thread is parked. A device
 * that is lost is opened anew, and every work brought back to it.
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
     * @throws DeviceLostException when the device {@linkplain DeviceThread#isLost is lost}
     */
    boolean step(long othersNanos);

    /** The thread dies of {@code fatal}: there will be no more steps. */
    void abandon(Throwable fatal);

    /**
     * The device has failed, under this work or another: what this one had there is gone. Fails
     * with {@code error} what cannot go on; {@link #restore} or {@link #stop} follows.
     */
    void lose(QuernException error);

    /** Brings what steps need to the device, which has been opened anew. */
    void restore(Backend backend);

    /** Ends for {@code because}; there will be no more steps, and nothing is left on the device. */
    void stop(QuernException because);
  }

  private static final Logger log = LoggerFactory.getLogger(DeviceThread.class);

  /** Loads and closes come one by one; more than this at once is a fault of the caller. */
  private static final int MOST_TASKS = 256;

  private final BlockingQueue<Task<?>> tasks = new ArrayBlockingQueue<>(MOST_TASKS);
  private final List<Turns> turns = new CopyOnWriteArrayList<>();
  private final String name;
  private final CompletableFuture<DeviceThread> opened = new CompletableFuture<>();
  private final DeviceOpener opener;
  private final Thread thread;
  // Of all steps together; touched by the device's thread alone, as everything in Turns.
  private long busyNanos;
  private volatile @Nullable Backend backend;
  private volatile Recoveries recoveries = Recoveries.NONE;
  private volatile boolean closing;
  private volatile boolean ended;

  private DeviceThread(String name, DeviceOpener opener) {
    this.name = name;
    this.opener = opener;
    thread = Thread.ofPlatform().name("device-" + name).daemon(true).unstarted(this::run);
  }

  /** Starts the thread of a device that is never lost and opens its backend on it. */
  public static DeviceThread start(String name, Supplier<Backend> opener) {
    return start(name, DeviceOpener.lasting(opener));
  }

  /**
   * Starts the thread and opens its backend on it.
   *
   * @throws QuernException what {@code opener} threw
   */
  public static DeviceThread start(String name, DeviceOpener opener) {
    DeviceThread device = new DeviceThread(name, opener);
    device.thread.start();
    return await(device.opened);
  }

  /** The device's name, such as {@code cpu} or {@code cuda:0}. */
  public String name() {
    return name;
  }

  /**
   * Runs {@code task} on the thread, between steps, and waits for its result.
   *
   * @throws QuernException what the task threw, or UNAVAILABLE when the thread has ended
   */
  public <T> T call(Function<Backend, T> task) {
    if (Thread.currentThread() == thread) {
      return task.apply(backend());
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

  /** Bytes of the device by what holds them; empty where nobody counts them. */
  public Map<String, Long> heldBytes() {
    Backend open = backend;
    return open == null ? Map.of() : open.heldBytes();
  }

  /** Models' passes so far by how they were queued; empty where there is but one way. */
  public Map<String, Long> passes() {
    Backend open = backend;
    return open == null ? Map.of() : open.passes();
  }

  /** How often the device was lost and served again, so far. */
  public Recoveries recoveries() {
    return recoveries;
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

  /** Whether {@code failure} of a step has cost the device; then the step throws it on as lost. */
  public boolean isLost(Throwable failure) {
    return opener.isLost(failure);
  }

  /** Says that there is something to do. */
  public void wake() {
    LockSupport.unpark(thread);
  }

  private void run() {
    try {
      backend = opener.open();
    } catch (Throwable e) {
      opened.completeExceptionally(e);
      end();
      return;
    }
    opened.complete(this);
    try {
      loop();
    } catch (Throwable fatal) {
      log.error("{} dies", thread.getName(), fatal);
      turns.forEach(turn -> turn.work.abandon(fatal));
    }
    try {
      backend().close();
    } catch (Throwable e) {
      log.error("{} could not close its device", thread.getName(), e);
    } finally {
      end();
    }
  }

  private void end() {
    ended = true;
    refuseTasks();
  }

  private Backend backend() {
    return Objects.requireNonNull(backend, "the device is not open");
  }

  private void loop() {
    while (!closing || !tasks.isEmpty()) {
      boolean more = false;
      Task<?> task = tasks.poll();
      if (task != null) {
        runTask(task);
        more = true;
      }
      for (Turns turn : turns) {
        more |= takeTurn(turn);
      }
      if (!more && !closing) {
        // A wake between the last look and here makes this return at once.
        LockSupport.park(this);
        // Parking is impossible while the flag is set.
        Thread.interrupted();
      }
    }
  }

  private void runTask(Task<?> task) {
    Optional<Throwable> failure = task.run(backend());
    if (failure.isPresent() && isLost(failure.get())) {
      recover(null, failure.get());
    }
  }

  /** Returns whether there may be more to do at once. */
  private boolean takeTurn(Turns turn) {
    if (turn.over) {
      return false;
    }
    long begin = System.nanoTime();
    try {
      return turn.work.step(busyNanos - turn.busyNanosAfterLast);
    } catch (RuntimeException e) {
      if (!isLost(e)) {
        throw e;
      }
      recover(turn, e instanceof DeviceLostException lost ? lost.failure() : e);
      return true;
    } finally {
      busyNanos += System.nanoTime() - begin;
      turn.busyNanosAfterLast = busyNanos;
    }
  }

  /**
   * Opens the device anew and brings back all that worked on it, but for what has lost it too
   * often. A device may report a fault late, under the step of another work: then the wrong one is
   * counted, and the right one the next time.
   *
   * @param culprit under which the device failed; null: a task, whose caller hears of it
   */
  private void recover(@Nullable Turns culprit, Throwable failure) {
    long begin = System.nanoTime();
    Turns suspect = culprit;
    Optional<Throwable> cause = Optional.of(failure);
    while (cause.isPresent()) {
      Throwable fault = cause.get();
      log.error("{}: the device failed and is opened anew", thread.getName(), fault);
      QuernException error =
          unavailable(
              "the device failed while this request ran and is opened anew; send it again", fault);
      turns.forEach(turn -> turn.work.lose(error));
      if (suspect != null && suspect.faults.isTooMany(System.nanoTime())) {
        String stopped = "stopped, because its device failed " + FaultHistory.words();
        stop(suspect, unavailable(stopped, fault));
      }
      try {
        backend = opener.reopen(backend());
      } catch (RuntimeException e) {
        QuernException because = unavailable("stopped, because its device is lost for good", e);
        turns.forEach(turn -> stop(turn, because));
        return;
      }
      suspect = null;
      cause = Optional.empty();
      for (Turns turn : turns) {
        Optional<Throwable> again = restore(turn);
        if (again.isPresent()) {
          suspect = turn;
          cause = again;
          break;
        }
      }
    }
    long taken = System.nanoTime() - begin;
    recoveries = recoveries.and(taken);
    log.info("{}: the device serves again after {} ms", thread.getName(), taken / 1_000_000);
  }

  /** Returns the failure that has cost the device once more, if there was one. */
  private Optional<Throwable> restore(Turns turn) {
    try {
      turn.work.restore(backend());
      return Optional.empty();
    } catch (RuntimeException e) {
      if (isLost(e)) {
        return Optional.of(e);
      }
      stop(turn, unavailable("stopped, because it could not be loaded again", e));
      return Optional.empty();
    }
  }

  private void stop(Turns turn, QuernException because) {
    log.error("{}: a model is {}", thread.getName(), because.message());
    turns.remove(turn);
    turn.over = true;
    turn.work.stop(because);
  }

  private static QuernException unavailable(String what, Throwable cause) {
    return new QuernException(
        ErrorCategory.UNAVAILABLE,
        what
            + " ("
            + (cause instanceof QuernException known ? known.message() : cause.toString())
            + ")",
        cause);
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
    final FaultHistory faults = new FaultHistory();
    long busyNanosAfterLast;

    /** Whether it has been stopped; the loop may hold on to it for the rest of a round. */
    boolean over;

    Turns(Work work) {
      this.work = work;
    }
  }

  private record Task<T>(Function<Backend, T> body, CompletableFuture<T> result) {
    /** Returns the task's failure, if it failed. */
    Optional<Throwable> run(Backend backend) {
      try {
        result.complete(body.apply(backend));
        return Optional.empty();
      } catch (VirtualMachineError fatal) {
        result.completeExceptionally(fatal);
        throw fatal;
      } catch (Throwable e) {
        result.completeExceptionally(e);
        return Optional.of(e);
      }
    }
  }
}
