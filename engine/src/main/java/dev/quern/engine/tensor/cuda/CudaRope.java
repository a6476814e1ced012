package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.kernel.RopeKernels;
import dev.quern.engine.tensor.RopeTable;
import java.util.List;

/** Both tables are {@code [positions, rotaryDim / 2]} in fp32. */
record CudaRope(DeviceArena arena, RopeKernels.Rotary tables, int positions) implements RopeTable {
  @Override
  public int rotaryDim() {
    return tables.rotaryDim();
  }

  @Override
  public void close() {
    CudaErrors.close(List.of(arena));
  }
}
