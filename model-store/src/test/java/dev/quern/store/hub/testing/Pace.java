package dev.quern.store.hub.testing;

import java.io.InterruptedIOException;
import java.util.function.LongSupplier;

/**
 * Lets no more bytes be under way than a window holds.
 *
 * @param received bytes that arrived, never fewer than before
 * @param sent bytes that were sent
 */
record Pace(int window, LongSupplier received, LongSupplier sent) {
  private static final int PIECE_BYTES = 4096;
  private static final int TRICKLE_BYTES = 1024;
  private static final int PATIENCE_MILLIS = 10;

  /**
   * Waits until some of {@code wanted} bytes may be sent, and says how many: at least one. A full
   * window still lets a trickle through, for a client may count bytes only when it has enough.
   */
  int take(int wanted) throws InterruptedIOException {
    try {
      for (int millis = 0; millis < PATIENCE_MILLIS; millis++) {
        long free = window - (sent.getAsLong() - received.getAsLong());
        if (free > 0) {
          return (int) Math.min(Math.min(wanted, PIECE_BYTES), free);
        }
        Thread.sleep(1);
      }
      return Math.min(wanted, TRICKLE_BYTES);
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }
}
