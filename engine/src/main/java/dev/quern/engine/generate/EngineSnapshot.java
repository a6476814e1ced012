package dev.quern.engine.generate;

import java.util.Optional;

/**
 * Counters and gauges of one engine, for metrics; totals since it started.
 *
 * @param relaysRunning those of {@code running} that are relays; likewise the others
 * @param kvBlocksUsed blocks held by running sequences (cached but free ones not counted)
 * @param fault why it does not serve, or not well; empty when it does
 */
public record EngineSnapshot(
    int running,
    int waiting,
    int kvBlocks,
    int kvBlocksUsed,
    long steps,
    long promptTokens,
    long generationTokens,
    long prefixQueryTokens,
    long prefixHitTokens,
    long preemptions,
    int relaysRunning,
    int relaysWaiting,
    long relayPreemptions,
    long relayStepsAbandoned,
    long engineFailures,
    Optional<String> fault) {
  /** Whether it serves, and well. */
  public boolean healthy() {
    return fault.isEmpty();
  }

  EngineSnapshot withWaiting(int requests, int relays) {
    return new EngineSnapshot(
        running,
        requests,
        kvBlocks,
        kvBlocksUsed,
        steps,
        promptTokens,
        generationTokens,
        prefixQueryTokens,
        prefixHitTokens,
        preemptions,
        relaysRunning,
        relays,
        relayPreemptions,
        relayStepsAbandoned,
        engineFailures,
        fault);
  }
}
