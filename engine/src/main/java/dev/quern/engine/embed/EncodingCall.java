package dev.quern.engine.embed;

import dev.quern.store.QuernException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way. Its rows are filled by the device's thread; that it has ended is known to
 * all threads, and whoever ends it is the only one that answers.
 */
final class EncodingCall {
  private static final Logger log = LoggerFactory.getLogger(EncodingCall.class);

  private final EncodingRequest request;
  private final EncodingListener listener;
  private final long arrival;
  private final long arrivedNanos;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final float[][] rows;
  private final int[] tokens;

  private volatile long tokenisedNanos;

  // Of the waiting queue, under its lock.
  private long firstQueuedNanos;

  // Of the device's thread.
  private int missing;
  private long firstPassNanos;

  /**
   * A call that has just come.
   *
   * @param arrival its place among all calls
   */
  EncodingCall(EncodingRequest request, EncodingListener listener, long arrival, long nanos) {
    this.request = request;
    this.listener = listener;
    this.arrival = arrival;
    this.arrivedNanos = nanos;
    this.rows = new float[request.texts().size()][];
    this.tokens = new int[rows.length];
    this.missing = rows.length;
  }

  EncodingRequest request() {
    return request;
  }

  long arrival() {
    return arrival;
  }

  /** Whether there is no use in working on it: it has ended, or nobody waits for it. */
  boolean isOver() {
    return ended.get() || request.cancelled().getAsBoolean();
  }

  /** Ends the call; true for the one caller that did, who then answers. */
  boolean end() {
    return ended.compareAndSet(false, true);
  }

  void tokenised(long nanos) {
    tokenisedNanos = nanos;
  }

  /** Under the lock of the waiting queue. */
  void queued(long nanos) {
    if (firstQueuedNanos == 0) {
      firstQueuedNanos = nanos;
    }
  }

  /**
   * Takes in one row; on the device's thread.
   *
   * @return whether it was the last
   */
  boolean fill(int index, float[] row, int rowTokens, long passBeganNanos) {
    if (firstPassNanos == 0) {
      firstPassNanos = passBeganNanos;
    }
    rows[index] = row;
    tokens[index] = rowTokens;
    return --missing == 0;
  }

  /** Answers with all rows; for whoever has ended the call, on the device's thread. */
  void answer(long now) {
    // The last texts may have been computed before their submitter came to note the time.
    long tokenised = tokenisedNanos == 0 ? firstPassNanos : tokenisedNanos;
    EncodingResult.Times times =
        new EncodingResult.Times(
            Math.max(0, tokenised - arrivedNanos),
            Math.max(0, firstPassNanos - firstQueuedNanos),
            now - firstPassNanos,
            now - arrivedNanos);
    try {
      listener.onFinished(new EncodingResult(rows, tokens, times));
    } catch (RuntimeException e) {
      log.error("a listener failed", e);
    }
  }

  /** Answers with an error; for whoever has ended the call. */
  void answer(QuernException error) {
    try {
      listener.onFailed(error);
    } catch (RuntimeException e) {
      log.error("a listener failed", e);
    }
  }
}
