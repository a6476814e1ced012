package dev.quern.store.hub.testing;

import java.io.InterruptedIOException;

/** Shares a number of bytes a second among connections. */
final class Throttle {
  private static final int PIECE_BYTES = 4096;
  private static final int UNTHROTTLED_PIECE_BYTES = 1 << 16;
  private static final long NANOS = 1_000_000_000;

  private long bytesPerSecond = Long.MAX_VALUE;
  private long free = System.nanoTime();

  synchronized void bytesPerSecond(long newRate) {
    bytesPerSecond = newRate;
    free = System.nanoTime();
  }

  /** Waits until some bytes may be sent, and says how many: at least one. */
  int take(int wanted) throws InterruptedIOException {
    long wait;
    int count;
    synchronized (this) {
      if (bytesPerSecond == Long.MAX_VALUE) {
        return Math.min(wanted, UNTHROTTLED_PIECE_BYTES);
      }
      count = Math.min(wanted, PIECE_BYTES);
      long now = System.nanoTime();
      free = Math.max(free, now) + count * NANOS / bytesPerSecond;
      wait = free - now;
    }
    try {
      Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
    return count;
  }
}
