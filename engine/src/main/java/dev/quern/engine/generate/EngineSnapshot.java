package dev.quern.engine.generate;

/**
 * Counters and gauges of one engine, for metrics; totals since it started.
 *
 * @param kvBlocksUsed blocks held by running sequences (cached but free ones not counted)
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
    long engineFailures,
    boolean healthy) {}
