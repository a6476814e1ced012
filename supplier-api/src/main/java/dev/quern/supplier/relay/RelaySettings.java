package dev.quern.supplier.relay;

import dev.quern.store.QuernException;

/**
 * How relays are told apart and served.
 *
 * @param keepAliveMillis between two pieces of white space while an answer is made; RelayMiner
 *     gives up on a backend that has sent no head for 5 s
 */
public record RelaySettings(RelayAccess access, int keepAliveMillis, RelayLimits limits) {
  private static final int LONGEST_KEEP_ALIVE = 4_900;

  public RelaySettings {
    if (keepAliveMillis < 1 || keepAliveMillis > LONGEST_KEEP_ALIVE) {
      throw QuernException.badRequest(
          "relay-keep-alive", "relay-keep-alive must be more than 0 and less than 5 seconds");
    }
  }

  /** Relays are told by their headers; white space every 2 s. */
  public static RelaySettings defaults() {
    return new RelaySettings(RelayAccess.HEADER, 2_000, RelayLimits.NONE);
  }
}
