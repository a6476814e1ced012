package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.Tensor;

/**
 * A libtorch tensor as a TorchScript value, owned by a {@link TorchArena}. Type and shape are kept
 * here so that asking for them costs no native call.
 */
record TorchTensor(IValue value, DType dtype, long[] shape) implements Tensor {}
