/**
 * Model families, one readable class each, written against {@link dev.quern.engine.tensor.Backend}
 * alone.
 *
 * <p>In: a checkpoint and a backend. Out: a {@link dev.quern.engine.model.CausalModel} that turns
 * packed tokens into logits, or a {@link dev.quern.engine.model.TextEncoder} that turns texts into
 * vectors or class scores. This room knows no particular backend and no HTTP.
 */
@NullMarked
package dev.quern.engine.model;

import org.jspecify.annotations.NullMarked;
