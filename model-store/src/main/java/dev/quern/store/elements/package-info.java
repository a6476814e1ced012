/**
 * From stored elements to numbers: every floating type of safetensors, and ggml's quantised blocks.
 *
 * <p>In: a {@link dev.quern.store.TensorEntry}. Out: its elements in fp32, in the model's order and
 * scale. For engines that have no use for the stored bytes as they are.
 */
@NullMarked
package dev.quern.store.elements;

import org.jspecify.annotations.NullMarked;
