/**
 * Continuous batching: requests, sequences, the scheduler, the paged KV block manager, sampling and
 * the step loop of one model.
 *
 * <p>In: token-id requests from any thread. Out: sampled tokens with log-probabilities, to each
 * request's listener. One platform thread runs schedule, run, sample, publish. This room knows no
 * text and no HTTP.
 */
@NullMarked
package dev.quern.engine.generate;

import org.jspecify.annotations.NullMarked;
