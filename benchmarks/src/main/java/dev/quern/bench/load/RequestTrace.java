package dev.quern.bench.load;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one client saw of one request.
 *
 * @param sentNanos when it was sent (open loop: when it was due)
 * @param chunkNanos arrival of each event that carried text
 * @param endNanos end of the stream
 * @param promptTokens from the usage event
 * @param completionTokens from the usage event; chunks are counted where the server sends none
 * @param error why it does not count, or null
 */
public record RequestTrace(
    long sentNanos,
    long[] chunkNanos,
    long endNanos,
    int promptTokens,
    int completionTokens,
    @Nullable String error) {
  static RequestTrace failed(long sentNanos, String error) {
    return new RequestTrace(sentNanos, new long[0], System.nanoTime(), 0, 0, error);
  }

  boolean succeeded() {
    return error == null && chunkNanos.length > 0;
  }

  /** Time to first token. */
  double firstTokenMillis() {
    return (chunkNanos[0] - sentNanos) / 1e6;
  }

  /** Gaps between successive chunks, in milliseconds. */
  double[] gapMillis() {
    double[] gaps = new double[chunkNanos.length - 1];
    Arrays.setAll(gaps, i -> (chunkNanos[i + 1] - chunkNanos[i]) / 1e6);
    return gaps;
  }

  /** Time per output token after the first. */
  double perOutputTokenMillis() {
    return (chunkNanos[chunkNanos.length - 1] - chunkNanos[0])
        / 1e6
        / Math.max(1, completionTokens - 1);
  }
}
