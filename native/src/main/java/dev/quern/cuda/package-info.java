/**
 * The room of CUDA: driver, device memory, kernels, graphs and the GPU inventory. Empty so far:
 * models run on the CPU alone, and the engine refuses {@code cuda:N} by name.
 */
@NullMarked
package dev.quern.cuda;

import org.jspecify.annotations.NullMarked;
