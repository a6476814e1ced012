package dev.quern.engine.embed;

/**
 * Counters and gauges of one engine; totals since it started.
 *
 * @param requests that have been taken and have not ended
 * @param waitingInputs tokenised texts that wait for a pass
 */
public record EncoderSnapshot(
    int requests,
    int waitingInputs,
    long waitingTokens,
    long passes,
    long inputs,
    long tokens,
    long failedPasses,
    boolean healthy) {}
