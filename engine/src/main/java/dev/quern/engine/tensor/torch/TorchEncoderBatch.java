package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.PackedTokens;
import dev.quern.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A pass's numbers as tensors, and what its layers share. */
final class TorchEncoderBatch implements EncoderBatch {
  private final PackedTokens host;

  /** Memory of what the layers share: they themselves may compute in shorter-lived memory. */
  final TorchArena arena;

  private final TorchTensor tokenIds;
  private final TorchTensor positions;
  private final TorchTensor tokenTypeIds;

  /** Runs of texts that are alike, three numbers each: texts, length, prompt tokens. */
  final IValue groups;

  final Map<TorchRope, TorchBatch.Rotation> rotations = new HashMap<>();
  final Map<TorchRelativeBias, IValue> biases = new HashMap<>();

  TorchEncoderBatch(
      TorchArena arena,
      PackedTokens host,
      TorchTensor tokenIds,
      TorchTensor positions,
      TorchTensor tokenTypeIds,
      IValue groups) {
    this.arena = arena;
    this.host = host;
    this.tokenIds = tokenIds;
    this.positions = positions;
    this.tokenTypeIds = tokenTypeIds;
    this.groups = groups;
  }

  static long[] groups(PackedTokens tokens) {
    List<long[]> runs = new ArrayList<>();
    long[] last = {0, 0, 0};
    for (int text = 0; text < tokens.texts(); text++) {
      int length = tokens.starts()[text + 1] - tokens.starts()[text];
      int prompt = tokens.promptTokens()[text];
      if (runs.isEmpty() || last[1] != length || last[2] != prompt) {
        last = new long[] {0, length, prompt};
        runs.add(last);
      }
      last[0]++;
    }
    return runs.stream().flatMapToLong(java.util.Arrays::stream).toArray();
  }

  @Override
  public PackedTokens host() {
    return host;
  }

  @Override
  public Tensor tokenIds() {
    return tokenIds;
  }

  @Override
  public Tensor positions() {
    return positions;
  }

  @Override
  public Tensor tokenTypeIds() {
    return tokenTypeIds;
  }
}
