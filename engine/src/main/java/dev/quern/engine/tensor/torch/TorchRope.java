package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.RopeTable;

/** Both tables are {@code [positions, rotaryDim / 2]} in fp32. */
record TorchRope(TorchArena arena, IValue cosines, IValue sines, int positions, int rotaryDim)
    implements RopeTable {
  @Override
  public void close() {
    arena.close();
  }
}
