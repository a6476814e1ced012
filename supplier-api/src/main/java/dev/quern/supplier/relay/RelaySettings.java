package dev.quern.supplier.relay;

import dev.quern.store.QuernException;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How relays are told apart and served.
 *
 * @param keepAliveMillis between two pieces of white space while an answer is made; RelayMiner
 *     gives up on a backend that has sent no head for 5 s
 * @param perApplication most relays of one application at a time
 * @param deadlineSeconds how long a relay may take in all
 * @param sessions absent: a relay's session sets it no deadline
 */
public record RelaySettings(
    RelayAccess access,
    int keepAliveMillis,
    RelayLimits limits,
    OptionalInt perApplication,
    OptionalInt deadlineSeconds,
    Optional<SessionSettings> sessions) {
  private static final int LONGEST_KEEP_ALIVE = 4_900;

  public RelaySettings {
    if (keepAliveMillis < 1 || keepAliveMillis > LONGEST_KEEP_ALIVE) {
      throw QuernException.badRequest(
          "relay-keep-alive", "relay-keep-alive must be more than 0 and less than 5 seconds");
    }
  }

  /** Without bounds of applications and of time. */
  public RelaySettings(RelayAccess access, int keepAliveMillis, RelayLimits limits) {
    this(
        access,
        keepAliveMillis,
        limits,
        OptionalInt.empty(),
        OptionalInt.empty(),
        Optional.empty());
  }

  /** Relays are told by their headers; white space every 2 s. */
  public static RelaySettings defaults() {
    return new RelaySettings(RelayAccess.HEADER, 2_000, RelayLimits.NONE);
  }
}
