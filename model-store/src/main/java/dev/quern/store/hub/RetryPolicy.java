package dev.quern.store.hub;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How often to try and how long to wait: twice as long each time, with a random part so that many
 * clients of a hub that comes back do not return together.
 *
 * @param attempts failures in a row that are one too many
 * @param firstWait before the second attempt
 * @param longestWait of those that Quern chooses
 * @param patience the longest wait that a hub may ask for
 */
record RetryPolicy(int attempts, Duration firstWait, Duration longestWait, Duration patience) {
  private static final double JITTER = 0.25;

  static RetryPolicy of(int attempts) {
    return new RetryPolicy(
        attempts, Duration.ofMillis(500), Duration.ofSeconds(30), Duration.ofMinutes(5));
  }

  /**
   * The wait after the {@code failures}-th failure in a row; empty when it was the last attempt.
   */
  Optional<Duration> waitAfter(int failures, Optional<Duration> asked) {
    if (failures >= attempts) {
      return Optional.empty();
    }
    if (asked.isPresent()) {
      return asked.filter(wait -> wait.compareTo(patience) <= 0);
    }
    Duration doubled = firstWait.multipliedBy(1L << Math.min(failures - 1, 20));
    Duration capped = doubled.compareTo(longestWait) < 0 ? doubled : longestWait;
    double random = 1 + JITTER * (2 * ThreadLocalRandom.current().nextDouble() - 1);
    return Optional.of(Duration.ofMillis(Math.round((double) capped.toMillis() * random)));
  }
}
