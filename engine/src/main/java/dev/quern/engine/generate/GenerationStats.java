package dev.quern.engine.generate;

/**
 * Times of one request, all {@link System#nanoTime()}, and its token counts.
 *
 * @param stopToken the stop token that ended it, or -1
 */
public record GenerationStats(
    long arrivedNanos,
    long scheduledNanos,
    long firstTokenNanos,
    long finishedNanos,
    int promptTokens,
    int cachedTokens,
    int generatedTokens,
    int preemptions,
    int stopToken) {}
