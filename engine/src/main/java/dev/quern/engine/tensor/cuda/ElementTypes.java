package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.kernel.ElementType;
import dev.quern.engine.tensor.DType;

/** The kernels' names of element types. */
final class ElementTypes {
  private ElementTypes() {}

  static ElementType of(DType dtype) {
    return switch (dtype) {
      case F32 -> ElementType.FP32;
      case F16 -> ElementType.FP16;
      case BF16 -> ElementType.BF16;
      case I32, I64 -> throw new IllegalArgumentException("no kernels compute in " + dtype);
    };
  }
}
