package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DrawContract;

final class TorchDrawTest extends DrawContract {
  @Override
  protected Backend open() {
    return TorchBackend.open(0);
  }
}
