package dev.quern.engine.generate;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What other threads hand to the step thread: new sequences, as many as may wait, and orders to end
 * one. Counts who is waiting and who is alive at all. Safe for threads.
 */
final class Inbox {
  /** The owner of a sequence wants it ended. */
  record FinishOrder(Sequence sequence, FinishReason reason) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final Queue<Sequence> submitted = new ArrayDeque<>();
  private final Queue<FinishOrder> orders = new ArrayDeque<>();
  private final int maxWaiting;
  private int waiting;
  private int relaysWaiting;
  private int maxRelaysWaiting = Integer.MAX_VALUE;
  private int alive;

  /** Submitted ones of the operator that the step thread has not taken yet. */
  private final AtomicInteger ownSubmitted = new AtomicInteger();

  private @Nullable String closedBecause;

  Inbox(int maxWaiting) {
    this.maxWaiting = maxWaiting;
  }

  /**
   * Queues a sequence.
   *
   * @throws QuernException OVERLOADED or UNAVAILABLE
   */
  void submit(Sequence sequence) {
    lock.lock();
    try {
      if (closedBecause != null) {
        throw new QuernException(ErrorCategory.UNAVAILABLE, closedBecause);
      }
      if (waiting >= maxWaiting) {
        throw new QuernException(
            ErrorCategory.OVERLOADED,
            maxWaiting + " requests are waiting already (--max-waiting); try again later");
      }
      if (sequence.request().isRelay()) {
        if (relaysWaiting >= maxRelaysWaiting) {
          throw new QuernException(
              ErrorCategory.OVERLOADED,
              maxRelaysWaiting + " relays are waiting already; try again later");
        }
        relaysWaiting++;
      } else {
        ownSubmitted.incrementAndGet();
      }
      waiting++;
      alive++;
      submitted.add(sequence);
    } finally {
      lock.unlock();
    }
  }

  /** Asks for the end of a sequence. */
  void order(FinishOrder order) {
    lock.lock();
    try {
      orders.add(order);
    } finally {
      lock.unlock();
    }
  }

  @Nullable Sequence pollSubmitted() {
    lock.lock();
    try {
      Sequence sequence = submitted.poll();
      if (sequence != null && !sequence.request().isRelay()) {
        ownSubmitted.decrementAndGet();
      }
      return sequence;
    } finally {
      lock.unlock();
    }
  }

  /** Whether one of the operator's own requests waits to be taken. Takes no lock. */
  boolean ownRequestWaits() {
    return ownSubmitted.get() > 0;
  }

  @Nullable FinishOrder pollOrder() {
    lock.lock();
    try {
      return orders.poll();
    } finally {
      lock.unlock();
    }
  }

  /** A sequence has got its first step. */
  void started(Sequence sequence) {
    lock.lock();
    try {
      leaveWaiting(sequence);
    } finally {
      lock.unlock();
    }
  }

  /** A sequence has ended. */
  void ended(Sequence sequence) {
    lock.lock();
    try {
      if (!sequence.started) {
        leaveWaiting(sequence);
      }
      if (--alive == 0) {
        idle.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private void leaveWaiting(Sequence sequence) {
    waiting--;
    relaysWaiting -= sequence.request().isRelay() ? 1 : 0;
  }

  /** No more relays than this wait from now on. */
  void maxRelaysWaiting(int most) {
    lock.lock();
    try {
      maxRelaysWaiting = most;
    } finally {
      lock.unlock();
    }
  }

  /** Relays that never got a step. */
  int relaysWaiting() {
    lock.lock();
    try {
      return relaysWaiting;
    } finally {
      lock.unlock();
    }
  }

  /** Sequences that never got a step. */
  int waiting() {
    lock.lock();
    try {
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  /** Refuses everything from now on, saying {@code because}. */
  void close(String because) {
    lock.lock();
    try {
      closedBecause = because;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until no sequence is alive; returns false when that takes longer. */
  boolean awaitIdle(long millis) {
    lock.lock();
    try {
      long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
      while (alive > 0) {
        if (nanos <= 0) {
          return false;
        }
        nanos = idle.awaitNanos(nanos);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }
}
