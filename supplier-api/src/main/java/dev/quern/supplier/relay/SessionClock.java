package dev.quern.supplier.relay;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * When a block will be over, told from the height last seen and the time a block takes. A relay is
 * paid while the chain has not passed its session's last block. Safe for threads.
 */
public final class SessionClock {
  private final long blockNanos;

  private boolean seen;
  private long height;
  private long sinceNanos;

  public SessionClock(Duration block) {
    this.blockNanos = block.toNanos();
  }

  /** The chain's height is {@code now} at {@code nanos}, a {@link System#nanoTime()}. */
  public synchronized void observe(long now, long nanos) {
    // Seen again, a height says nothing new: its block began when it was first seen.
    if (!seen || now > height) {
      seen = true;
      height = now;
      sinceNanos = nanos;
    }
  }

  /**
   * The {@link System#nanoTime()} at which the block {@code last} ends; empty before any height.
   */
  public synchronized OptionalLong endOf(long last) {
    if (!seen) {
      return OptionalLong.empty();
    }
    // A height from a header may be anything; times beyond years are no deadlines.
    long mostBlocks = Duration.ofDays(365).toNanos() / blockNanos;
    long blocks = Math.clamp(last - height + 1, -mostBlocks, mostBlocks);
    return OptionalLong.of(sinceNanos + blocks * blockNanos);
  }
}
