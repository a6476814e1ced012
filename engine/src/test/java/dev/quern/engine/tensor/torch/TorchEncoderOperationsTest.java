package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderContract;

final class TorchEncoderOperationsTest extends EncoderContract {
  @Override
  protected Backend open() {
    return TorchBackend.open(1);
  }
}
