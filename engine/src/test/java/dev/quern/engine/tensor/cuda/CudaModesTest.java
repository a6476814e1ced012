package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.BackendContract;
import dev.quern.engine.tensor.DrawContract;
import org.junit.jupiter.api.Nested;

/** The contracts where the emulated GPU orders its work otherwise, or fills its memory with NaN. */
class CudaModesTest {
  @Nested
  class Reversed extends BackendContract {
    @Override
    protected Backend open() {
      return TestGpu.open(EmulatorMode.REVERSED);
    }
  }

  @Nested
  class Eager extends BackendContract {
    @Override
    protected Backend open() {
      return TestGpu.open(EmulatorMode.EAGER);
    }
  }

  @Nested
  class NanFilled extends BackendContract {
    @Override
    protected Backend open() {
      return TestGpu.open(EmulatorMode.NAN_FILLED);
    }
  }

  @Nested
  class ReversedDraws extends DrawContract {
    @Override
    protected Backend open() {
      return TestGpu.open(EmulatorMode.REVERSED);
    }
  }

  @Nested
  class EagerDraws extends DrawContract {
    @Override
    protected Backend open() {
      return TestGpu.open(EmulatorMode.EAGER);
    }
  }

  @Nested
  class NanFilledDraws extends DrawContract {
    @Override
    protected Backend open() {
      return TestGpu.open(EmulatorMode.NAN_FILLED);
    }
  }
}
