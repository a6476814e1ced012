/** CUDA: driver, device memory, kernels, graphs and the GPU inventory. */
@NullMarked
package dev.quern.cuda;

import org.jspecify.annotations.NullMarked;
