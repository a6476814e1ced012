package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * A step's numbers as tensors, and what its layers share: the rotary rows and the attention plans
 * are made by the first layer that asks and live in the same workspace.
 */
final class TorchBatch implements DeviceBatch {
  /** Cosines and sines of a step's positions, {@code [tokens, 1, rotaryDim / 2]}. */
  record Rotation(IValue cosines, IValue sines) {}

  private final ForwardBatch host;
  private final TorchTensor tokenIds;
  private final TorchTensor logitRows;
  final IValue slots;
  final IValue positions;
  final Map<TorchRope, Rotation> rotations = new HashMap<>();
  final Map<AttentionPlan.Key, AttentionPlan> plans = new HashMap<>();

  TorchBatch(
      ForwardBatch host,
      TorchTensor tokenIds,
      IValue slots,
      IValue positions,
      TorchTensor logitRows) {
    this.host = host;
    this.tokenIds = tokenIds;
    this.slots = slots;
    this.positions = positions;
    this.logitRows = logitRows;
  }

  @Override
  public ForwardBatch host() {
    return host;
  }

  @Override
  public Tensor tokenIds() {
    return tokenIds;
  }

  @Override
  public Tensor logitRows() {
    return logitRows;
  }
}
