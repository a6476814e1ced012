/**
 * Draws tokens from logits on the host, for backends that have no faster way; and the reference for
 * those that draw on the device.
 *
 * <p>In: rows of logits in fp32 and what is wanted of each. Out: token ids and log-probabilities.
 * This room knows no request and no sequence.
 */
@NullMarked
package dev.quern.engine.tensor.sampling;

import org.jspecify.annotations.NullMarked;
