package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.LinearWeight;

/**
 * @param weight in oneDNN's layout if {@code packed}, else {@code [outFeatures, inFeatures]}
 * @param bias {@code [outFeatures]}, or None
 */
record TorchLinear(IValue weight, IValue bias, boolean packed, long outFeatures, long inFeatures)
    implements LinearWeight {}
