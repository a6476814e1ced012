package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.BackendContract;
import dev.quern.engine.tensor.DType;
import java.util.Set;

/** What processors without AVX-512 compute, on any processor. */
final class TorchWithoutAvx512Test extends BackendContract {
  @Override
  protected Backend open() {
    return TorchBackend.open(0, Set.of(DType.F32), true);
  }
}
