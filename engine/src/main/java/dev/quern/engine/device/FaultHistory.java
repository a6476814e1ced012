package dev.quern.engine.device;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/** When one work lost its device: so many times in a short while are no accident. */
final class FaultHistory {
  /** That many within {@link #WINDOW_NANOS} end the work. */
  static final int MOST = 3;

  private static final long WINDOW_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final Queue<Long> faults = new ArrayDeque<>();

  /** Notes a fault; returns whether it was one too many. */
  boolean isTooMany(long nowNanos) {
    while (!faults.isEmpty() && nowNanos - faults.peek() > WINDOW_NANOS) {
      faults.remove();
    }
    faults.add(nowNanos);
    return faults.size() >= MOST;
  }

  /** For messages. */
  static String words() {
    return MOST + " times within " + TimeUnit.NANOSECONDS.toMinutes(WINDOW_NANOS) + " minutes";
  }
}
