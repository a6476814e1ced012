/**
 * Matrix products by NVIDIA's cuBLASLt where the host has it: in go device buffers and shapes, out
 * comes queued work. {@link dev.quern.cuda.blas.MatrixProducts} chooses between it and Quern's own
 * kernels. Bound by {@code java.lang.foreign}, as the driver is and for the same reasons; its
 * constants are javacpp-cuda's, which javac copies.
 */
@NullMarked
package dev.quern.cuda.blas;

import org.jspecify.annotations.NullMarked;
