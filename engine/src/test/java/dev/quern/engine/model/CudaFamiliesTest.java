package dev.quern.engine.model;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.cuda.EmulatedGpu;

/** The families on the emulated GPU: the same goldens, the same tolerances. */
class CudaFamiliesTest extends FamiliesContract {
  @Override
  Backend open() {
    return EmulatedGpu.open(EmulatorMode.DEFAULT);
  }

  /** A few: emulated steps take long. */
  @Override
  int mostSingleTokens() {
    return 5;
  }
}
