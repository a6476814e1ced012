package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.RopeTable;

/** Both tables are {@code [positions, rotaryDim / 2]} in fp32 and live as long as the backend. */
record TorchRope(IValue cosines, IValue sines, int positions, int rotaryDim) implements RopeTable {}
