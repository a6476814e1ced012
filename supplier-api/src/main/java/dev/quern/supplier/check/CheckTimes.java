package dev.quern.supplier.check;

import java.time.Duration;

/**
 * How long the played parties wait.
 *
 * @param ping for a HEAD
 * @param head from the request to status and headers
 * @param body from the request to the answer's last byte
 */
public record CheckTimes(Duration ping, Duration head, Duration body) {
  /** RelayMiner's 2 s and 5 s, PATH's 60 s. */
  public static CheckTimes ofTheNetwork() {
    return new CheckTimes(Duration.ofSeconds(2), Duration.ofSeconds(5), Duration.ofSeconds(60));
  }
}
