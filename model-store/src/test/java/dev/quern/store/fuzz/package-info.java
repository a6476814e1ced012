/**
 * Mutated headers against the checkpoint readers: some thousands in every build, and ten million by
 * {@code benchmarks/run fuzz}.
 */
@NullMarked
package dev.quern.store.fuzz;

import org.jspecify.annotations.NullMarked;
