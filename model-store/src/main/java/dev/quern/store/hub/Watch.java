package dev.quern.store.hub;

import java.time.Duration;

/** Tells whether a connection is still alive: one limit until its answer begins, one after. */
final class Watch {
  private final long bodyNanos;
  private volatile long limit;
  private volatile long last = System.nanoTime();
  private volatile boolean busy;

  Watch(Duration head, Duration body) {
    this.bodyNanos = body.toNanos();
    this.limit = head.toNanos();
  }

  /** The answer's head is here. */
  void headed() {
    limit = bodyNanos;
    last = System.nanoTime();
  }

  /**
   * Bytes came, and are being dealt with until {@code busy} is false: a slow disk is no stalled
   * connection.
   */
  void active(boolean busy) {
    this.busy = busy;
    last = System.nanoTime();
  }

  /** Time until the connection counts as stalled; not positive if it does. */
  long nanosLeft() {
    return busy ? limit : limit - (System.nanoTime() - last);
  }
}
