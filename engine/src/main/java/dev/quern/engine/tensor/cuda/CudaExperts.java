package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.engine.tensor.ExpertWeights;

/**
 * Both stacked over the experts, in the model's type.
 *
 * @param gateUp {@code [experts, 2 * intermediate, hidden]}
 * @param down {@code [experts, hidden, intermediate]}
 */
record CudaExperts(
    int experts, int hidden, int intermediate, DeviceBuffer gateUp, DeviceBuffer down)
    implements ExpertWeights {}
