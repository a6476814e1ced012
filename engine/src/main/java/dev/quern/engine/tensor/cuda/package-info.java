/**
 * The backend on {@code dev.quern.cuda}: NVIDIA GPUs by the project's own kernels.
 *
 * <p>In: checkpoint tensors and packed steps. Out: work queued on one stream, and numbers once it
 * has been waited for. Tokens are drawn on the device and taken there into the next batch; the host
 * waits for one thing a step, the event behind the copy of the drawn tokens, while the device
 * computes the step after. {@link dev.quern.engine.tensor.cuda.CudaBackend} is the door; {@code
 * CudaSession} is what all operations share; the classes named for operations queue kernels; {@code
 * DecodeGraphs} replays passes that were queued before. This room knows no model and no scheduler.
 */
@NullMarked
package dev.quern.engine.tensor.cuda;

import org.jspecify.annotations.NullMarked;
