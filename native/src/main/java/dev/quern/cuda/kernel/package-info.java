/**
 * The kernels as Java calls: in go a stream, device buffers and shapes, out comes queued work. Each
 * class launches the kernels of one {@code .cu} file and knows how they want to be spread out.
 * Checks of shapes are here; what the numbers mean is above.
 */
@NullMarked
package dev.quern.cuda.kernel;

import org.jspecify.annotations.NullMarked;
