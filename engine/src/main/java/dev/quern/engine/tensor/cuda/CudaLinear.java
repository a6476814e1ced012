package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.engine.tensor.LinearWeight;
import org.jspecify.annotations.Nullable;

/**
 * Both in the model's type.
 *
 * @param weight {@code [outFeatures, inFeatures]}
 * @param bias {@code [outFeatures]} or null
 */
record CudaLinear(
    DeviceBuffer weight, @Nullable DeviceBuffer bias, long outFeatures, long inFeatures)
    implements LinearWeight {}
