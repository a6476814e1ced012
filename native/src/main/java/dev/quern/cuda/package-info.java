/**
 * The room of CUDA: in go settings and native memory, out come devices, device memory, streams,
 * graphs and kernels. Nothing here knows a model or HTTP.
 *
 * <p>{@link dev.quern.cuda.CudaProbe} tells what a host has and never throws; {@link
 * dev.quern.cuda.CudaContext} is one device opened on one platform thread, and everything made from
 * it belongs to that thread. Every driver call's result is checked: a failure is a {@link
 * dev.quern.cuda.CudaException}. Device addresses are {@link dev.quern.cuda.DeviceBuffer}s out of
 * tagged arenas, so that an error can say who holds what. The kernels themselves are in {@code
 * src/main/cuda} and are launched through {@link dev.quern.cuda.kernel}.
 *
 * <p>The driver's functions, cuBLASLt's ({@link dev.quern.cuda.blas}) and NVML's ({@link
 * dev.quern.cuda.nvml}) are bound by {@code java.lang.foreign} rather than through javacpp-cuda's
 * JNI libraries, for three reasons. Those need {@code libcudart.so.13}, which a driver does not
 * bring: all of javacpp-cuda's classes load {@code libjnicudart.so} first, and with it that. A
 * function that the host's library lacks ends the process inside JNI (a lookup error of the dynamic
 * linker, exit code 127), but is an ordinary error here. And a library can be named by its path,
 * which the tests need for their look-alikes. javacpp-cuda gives the constants, which javac copies.
 */
@NullMarked
package dev.quern.cuda;

import org.jspecify.annotations.NullMarked;
