package dev.quern.engine.generate;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.cuda.TestGpu;

/** The same engine on the emulated GPU. */
class CudaLlamaEngineTest extends LlamaEngineTest {
  @Override
  Backend open() {
    return TestGpu.open(EmulatorMode.DEFAULT);
  }

  @Override
  int tokensOfEach() {
    return 12;
  }
}
