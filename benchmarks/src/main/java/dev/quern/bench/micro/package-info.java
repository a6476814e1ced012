/**
 * Micro-benchmarks (JMH) of what Quern itself does around a step of the model: text, JSON and chat
 * templates.
 *
 * <p>Out: microseconds an operation on one thread. Those of the scheduler and the sampler, which
 * are private to their package, live in {@code dev.quern.engine.generate} of this module.
 */
@NullMarked
package dev.quern.bench.micro;

import org.jspecify.annotations.NullMarked;
