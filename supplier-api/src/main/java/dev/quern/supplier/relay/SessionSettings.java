package dev.quern.supplier.relay;

import dev.quern.store.QuernException;
import java.net.URI;
import java.time.Duration;

/**
 * How it is known when a session is over.
 *
 * @param heightSource what {@link HeightSource} asks
 * @param block how long a block takes
 */
public record SessionSettings(URI heightSource, Duration block) {
  public SessionSettings {
    if (!"http".equals(heightSource.getScheme()) && !"https".equals(heightSource.getScheme())) {
      throw QuernException.badRequest(
          "relay-height-url", "relay-height-url must begin with http:// or https://");
    }
    if (block.isNegative() || block.isZero()) {
      throw QuernException.badRequest(
          "relay-block-seconds", "relay-block-seconds must be more than 0");
    }
  }
}
