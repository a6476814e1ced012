package dev.quern.supplier.relay;

import dev.quern.engine.generate.RelayShare;
import dev.quern.store.QuernException;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How relays are told apart and served.
 *
 * @param keepAliveMillis between two pieces of white space while an answer is made; RelayMiner
 *     gives up on a backend that has sent no head for 5 s
 * @param share of each model's engine, beside the operator's own requests
 * @param perApplication most relays of one application at a time
 * @param deadlineSeconds how long a relay may take in all
 * @param sessions absent: a relay's session sets it no deadline
 * @param canary how the models are watched
 */
public record RelaySettings(
    RelayAccess access,
    int keepAliveMillis,
    RelayLimits limits,
    RelayShare share,
    OptionalInt perApplication,
    OptionalInt deadlineSeconds,
    Optional<SessionSettings> sessions,
    CanarySettings canary) {
  private static final int LONGEST_KEEP_ALIVE = 4_900;

  public RelaySettings {
    if (keepAliveMillis < 1 || keepAliveMillis > LONGEST_KEEP_ALIVE) {
      throw QuernException.badRequest(
          "relay-keep-alive", "relay-keep-alive must be more than 0 and less than 5 seconds");
    }
  }

  /** Without a share, without bounds of applications and of time, and without a canary. */
  public RelaySettings(RelayAccess access, int keepAliveMillis, RelayLimits limits) {
    this(
        access,
        keepAliveMillis,
        limits,
        RelayShare.ALL,
        OptionalInt.empty(),
        OptionalInt.empty(),
        Optional.empty(),
        CanarySettings.OFF);
  }

  /** Relays are told by their headers; white space every 2 s, a canary each minute. */
  public static RelaySettings defaults() {
    return new RelaySettings(
        RelayAccess.HEADER,
        2_000,
        RelayLimits.NONE,
        new RelayShare(1, 1024),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Optional.empty(),
        new CanarySettings(60, 60));
  }
}
