package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.LinearWeight;

/**
 * @param weight in oneDNN's layout if {@link TorchProducts#PACKED}, else {@code [outFeatures,
 *     inFeatures]}
 * @param bias {@code [outFeatures]}, or None
 */
record TorchLinear(
    IValue weight, IValue bias, TorchProducts products, long outFeatures, long inFeatures)
    implements LinearWeight {}
