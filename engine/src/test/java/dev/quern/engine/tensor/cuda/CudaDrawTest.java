package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DrawContract;

/** Drawing on the emulated GPU. */
final class CudaDrawTest extends DrawContract {
  @Override
  protected Backend open() {
    return TestGpu.open(EmulatorMode.DEFAULT);
  }
}
