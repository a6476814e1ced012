/**
 * The operations a model may use, and the life of the memory behind them.
 *
 * <p>In: checkpoint tensors and the packed tokens of a step. Out: logits. A model is written
 * against {@link dev.quern.engine.tensor.Backend} alone; a backend is one sub-package. This room
 * knows no model, no scheduler and no HTTP.
 */
@NullMarked
package dev.quern.engine.tensor;

import org.jspecify.annotations.NullMarked;
