/**
 * Micro-benchmarks (JMH) of what Quern itself does around a step of the model: text, JSON, chat
 * templates and drawing on the host.
 *
 * <p>Out: microseconds an operation on one thread. That of the scheduler, which is private to its
 * package, lives in {@code dev.quern.engine.generate} of this module.
 */
@NullMarked
package dev.quern.bench.micro;

import org.jspecify.annotations.NullMarked;
