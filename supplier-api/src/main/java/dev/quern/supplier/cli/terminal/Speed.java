package dev.quern.supplier.cli.terminal;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Bytes a second over the last seconds, and from it the time left. Used by one thread. */
final class Speed {
  private static final long WINDOW_NANOS = 8_000_000_000L;

  /** Less says nothing about a rate. */
  private static final long LEAST_NANOS = 500_000_000L;

  private final Deque<Sample> samples = new ArrayDeque<>();

  private record Sample(long nanos, long bytes) {}

  /** Notes how many bytes were done at a time. */
  void sample(long nanos, long doneBytes) {
    samples.addLast(new Sample(nanos, doneBytes));
    while (samples.size() > 2 && nanos - samples.getFirst().nanos() > WINDOW_NANOS) {
      samples.removeFirst();
    }
  }

  /** Bytes a second; empty until it can be told. */
  Optional<Double> bytesPerSecond() {
    if (samples.isEmpty()) {
      return Optional.empty();
    }
    long nanos = samples.getLast().nanos() - samples.getFirst().nanos();
    long bytes = samples.getLast().bytes() - samples.getFirst().bytes();
    return nanos < LEAST_NANOS ? Optional.empty() : Optional.of(Math.max(0, bytes) / (nanos / 1e9));
  }

  /** The time that {@code bytes} more take; empty while nothing moves. */
  Optional<Duration> timeFor(long bytes) {
    return bytesPerSecond()
        .filter(rate -> rate >= 1)
        .map(rate -> Duration.ofSeconds((long) Math.ceil(bytes / rate)));
  }
}
