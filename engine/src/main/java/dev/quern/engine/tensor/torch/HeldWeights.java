package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.WeightSource;
import dev.quern.store.StoredType;
import java.util.List;
import java.util.Set;

/**
 * How weights are held in memory, by what the processor multiplies well.
 *
 * @param packable the types that oneDNN multiplies
 * @param ownKernels whether {@code ops.quern} runs here, {@link TorchProducts#WIDENED} among it
 */
record HeldWeights(Set<DType> packable, boolean ownKernels) {
  /**
   * How one weight is held.
   *
   * @param type of its elements in memory
   */
  record Held(DType type, TorchProducts products) {}

  /** For a weight made of {@code parts}, in a model that computes in {@code computed}. */
  Held of(DType computed, List<WeightSource> parts) {
    List<DType> types = parts.stream().map(part -> typeOf(computed, part)).distinct().toList();
    DType type = types.size() == 1 ? types.getFirst() : computed;
    return new Held(type, products(computed, type));
  }

  DType typeOf(DType computed, WeightSource part) {
    return DecodedTensors.needed(part.entry()) ? computed : typeOf(computed, part.entry().type());
  }

  /**
   * The type of a weight or table in memory: in fp32 models what is stored in 16 bits stays so,
   * unless the processor has AVX-512, with which oneDNN multiplies fp32 faster than we widen.
   */
  DType typeOf(DType computed, StoredType stored) {
    if (computed != DType.F32 || !ownKernels || packable.contains(DType.BF16)) {
      return computed;
    }
    return switch (stored) {
      case BF16 -> DType.BF16;
      case F16 -> DType.F16;
      default -> computed;
    };
  }

  private TorchProducts products(DType computed, DType type) {
    if (type != computed) {
      return TorchProducts.WIDENED;
    }
    if (packable.contains(computed)) {
      return TorchProducts.PACKED;
    }
    return ownKernels && computed != DType.F32 ? TorchProducts.WIDENED : TorchProducts.PLAIN;
  }
}
