package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.BackendContract;

final class TorchBackendTest extends BackendContract {
  @Override
  protected Backend open() {
    return TorchBackend.open(0);
  }
}
