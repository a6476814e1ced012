/**
 * NVIDIA's management library (NVML): memory, utilisation, power and temperature of each GPU, read
 * without a context and from any thread. {@link dev.quern.cuda.nvml.GpuGauges} is the way in.
 */
@NullMarked
package dev.quern.cuda.nvml;

import org.jspecify.annotations.NullMarked;
