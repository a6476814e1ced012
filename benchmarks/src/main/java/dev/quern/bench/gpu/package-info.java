/**
 * What the CUDA kernels reach of a device's own limits, measured on the device: in goes a driver,
 * out come microseconds, gigabytes a second and shares of what a plain copy moves in the same run.
 * {@code benchmarks/gpu} calls it on a host with a GPU.
 */
@NullMarked
package dev.quern.bench.gpu;

import org.jspecify.annotations.NullMarked;
