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
 * <p>The driver's functions are bound by {@code java.lang.foreign} rather than through
 * javacpp-cuda's JNI library, for three reasons: that library needs {@code libcudart.so.13}, which
 * a driver does not bring; a function that the host's driver lacks ends the process inside JNI, but
 * is an ordinary error here; and a library can be named by its path, which the tests need for their
 * look-alike driver. javacpp-cuda gives the driver's constants, which javac copies.
 */
@NullMarked
package dev.quern.cuda;

import org.jspecify.annotations.NullMarked;
