package dev.quern.engine.generate;

import java.util.OptionalLong;

/**
 * One sequence to generate (a request with {@code n} choices is submitted {@code n} times and
 * shares its prompt's blocks through the prefix cache).
 *
 * @param id for logs; unique among running requests
 * @param promptTokens at least one
 * @param priority lower first; ties by arrival
 * @param deadlineNanos {@link System#nanoTime()} after which it is no longer worth starting, if any
 * @param cacheSalt keeps prefix caches of different owners apart; empty: shared
 */
public record GenerationRequest(
    String id,
    int[] promptTokens,
    SamplingParameters sampling,
    int priority,
    OptionalLong deadlineNanos,
    String cacheSalt) {
  /**
   * Added to the priority of a relay, so that it comes after all of the operator's own requests:
   * spare capacity is what is sold. Larger than any priority a client may ask for.
   */
  public static final int RELAY_PRIORITY = 10_000_000;

  /** Whether it came through the network. */
  boolean isRelay() {
    return priority > RELAY_PRIORITY / 2;
  }
}
