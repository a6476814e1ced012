package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.ExpertWeights;

/**
 * @param gateUp list of {@code [2 * intermediate, hidden]}, in oneDNN's layout if {@link
 *     TorchProducts#PACKED}
 * @param down list of {@code [hidden, intermediate]}, likewise
 */
record TorchExperts(int experts, IValue gateUp, IValue down, TorchProducts products)
    implements ExpertWeights {}
