package dev.quern.engine.runtime;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.tensor.DType;
import java.util.Optional;

/**
 * Where a model goes.
 *
 * @param dtype what it computes in; empty: chosen from the stored type
 * @param isChosenGpu whether nobody asked for this GPU, so that the CPU will do if the model turns
 *     out not to fit
 */
record Placement(ModelDevice device, Optional<DType> dtype, boolean isChosenGpu) {
  DeviceThread thread() {
    return device.thread();
  }
}
