package dev.quern.store.hub;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A failure that another attempt may not meet. */
final class PassingFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final HubException.Reason reason;
  private final transient @Nullable Duration retryAfter;

  /**
   * @param message for a person: what happened, without advice
   */
  PassingFailure(HubException.Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.retryAfter = null;
  }

  /**
   * @param retryAfter how long the hub asks to wait, if it does
   */
  PassingFailure(HubException.Reason reason, String message, Optional<Duration> retryAfter) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter.orElse(null);
  }

  Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  String message() {
    return String.valueOf(getMessage());
  }

  /** The error when no more attempts are made. */
  HubException lasting() {
    String advice =
        switch (reason) {
          case RATE_LIMITED -> "wait a while, or set HF_TOKEN, which raises the hub's limits";
          case WRONG_HASH, WRONG_LENGTH, CHANGED ->
              "the hub, or what is between it and this machine, serves damaged content";
          default -> "check the network and HF_ENDPOINT";
        };
    return new HubException(
        reason,
        message()
            + ". Gave up after several attempts: "
            + advice
            + ". What was fetched and verified is kept; the same command goes on from there",
        this);
  }
}
