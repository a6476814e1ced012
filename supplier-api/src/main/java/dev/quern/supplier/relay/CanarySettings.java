package dev.quern.supplier.relay;

/**
 * How a model is watched.
 *
 * @param seconds between two canaries; 0: none
 * @param limitSeconds in which a canary must be answered
 */
public record CanarySettings(int seconds, int limitSeconds) {
  /** Nothing is watched. */
  public static final CanarySettings OFF = new CanarySettings(0, 1);
}
