package dev.quern.engine.embed;

import dev.quern.engine.model.EncoderInput;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tokenised texts that wait for a pass, and the count of calls that have not ended. Bounded by
 * calls and by tokens. Safe for threads.
 */
final class WaitingInputs {
  /** One text of a call, and its place there. */
  record Waiting(EncodingCall call, int index, EncoderInput input) {}

  private static final Comparator<Waiting> ORDER =
      Comparator.<Waiting>comparingInt(waiting -> waiting.call().request().priority())
          .thenComparingLong(waiting -> waiting.call().arrival())
          .thenComparingInt(Waiting::index);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final PriorityQueue<Waiting> inputs = new PriorityQueue<>(ORDER);
  private final int maxCalls;
  private final long maxTokens;
  private final LongSupplier clock;
  private int calls;
  private long tokens;
  private @Nullable String noNewCalls;
  private @Nullable QuernException aborted;

  /**
   * An empty queue.
   *
   * @param clock nanoseconds, by which calls are timed
   */
  WaitingInputs(int maxCalls, long maxTokens, LongSupplier clock) {
    this.maxCalls = maxCalls;
    this.maxTokens = maxTokens;
    this.clock = clock;
  }

  /**
   * Counts a new call in.
   *
   * @throws QuernException OVERLOADED or UNAVAILABLE
   */
  void enter() {
    lock.lock();
    try {
      if (noNewCalls != null) {
        throw new QuernException(ErrorCategory.UNAVAILABLE, noNewCalls);
      }
      if (calls >= maxCalls) {
        throw new QuernException(
            ErrorCategory.OVERLOADED,
            maxCalls + " requests are waiting already (--max-waiting); try again later");
      }
      calls++;
    } finally {
      lock.unlock();
    }
  }

  /** Counts a call out that has ended. */
  void leave() {
    lock.lock();
    try {
      if (--calls == 0) {
        idle.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Queues neighbouring texts of a call.
   *
   * @throws QuernException OVERLOADED when too many tokens wait, or what the queue was aborted with
   */
  void add(EncodingCall call, int firstIndex, List<EncoderInput> prepared) {
    long more = prepared.stream().mapToLong(EncoderInput::length).sum();
    lock.lock();
    try {
      if (aborted != null) {
        throw aborted;
      }
      if (tokens > 0 && tokens + more > maxTokens) {
        throw new QuernException(
            ErrorCategory.OVERLOADED,
            tokens + " tokens are waiting already; try again later, or send fewer inputs at once");
      }
      tokens += more;
      call.queued(clock.getAsLong());
      for (int i = 0; i < prepared.size(); i++) {
        inputs.add(new Waiting(call, firstIndex + i, prepared.get(i)));
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the next texts, at least one if there are any; those whose call is over are dropped.
   *
   * @param mostTokens of all of them, where the first alone does not have more
   * @param over gets the calls of those that were dropped, some of them more than once
   */
  List<Waiting> take(int mostTokens, List<EncodingCall> over) {
    List<Waiting> taken = new ArrayList<>();
    long takenTokens = 0;
    lock.lock();
    try {
      for (Waiting next = inputs.peek(); next != null; next = inputs.peek()) {
        boolean dead = next.call().isOver();
        if (!dead && !taken.isEmpty() && takenTokens + next.input().length() > mostTokens) {
          break;
        }
        inputs.poll();
        tokens -= next.input().length();
        if (dead) {
          over.add(next.call());
        } else {
          taken.add(next);
          takenTokens += next.input().length();
        }
      }
    } finally {
      lock.unlock();
    }
    return taken;
  }

  /** Refuses new calls from now on, saying {@code because}. */
  void close(String because) {
    lock.lock();
    try {
      noNewCalls = because;
    } finally {
      lock.unlock();
    }
  }

  /** Refuses everything from now on and gives back the calls of what waits. */
  List<EncodingCall> abort(QuernException error) {
    lock.lock();
    try {
      noNewCalls = error.message();
      aborted = error;
      List<EncodingCall> left = inputs.stream().map(Waiting::call).distinct().toList();
      inputs.clear();
      tokens = 0;
      return left;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until every call has ended; returns false when that takes longer. */
  boolean awaitIdle(long millis) {
    lock.lock();
    try {
      long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
      while (calls > 0) {
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

  /** What waits now. */
  Counts counts() {
    lock.lock();
    try {
      return new Counts(calls, inputs.size(), tokens);
    } finally {
      lock.unlock();
    }
  }

  /** Numbers of one moment. */
  record Counts(int calls, int inputs, long tokens) {}
}
