package dev.quern.engine.generate;

import dev.quern.store.QuernException;
import org.jspecify.annotations.Nullable;

/**
 * What a step gave a sequence: a token, an error of its own, or neither while its prompt goes on.
 *
 * @param computed leading tokens of the sequence that are in the cache after it
 */
record StepOutcome(
    Sequence sequence,
    int computed,
    @Nullable SampledToken next,
    @Nullable QuernException failure) {}
