package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.DType;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;

/**
 * Element types by the numbers of libtorch's {@code ScalarType}, which TorchScript archives use.
 */
final class ScalarTypes {
  static final int I64 = 4;

  private ScalarTypes() {}

  static int of(DType type) {
    return switch (type) {
      case I32 -> 3;
      case I64 -> I64;
      case F16 -> 5;
      case F32 -> 6;
      case BF16 -> 15;
    };
  }

  /** Whether libtorch has the type, as weights that it can convert. */
  static boolean isNative(StoredType type) {
    return switch (type) {
      case F16, F32, F64, BF16 -> true;
      default -> false;
    };
  }

  /** The number of a stored type that {@link #isNative}. */
  static int of(TensorEntry entry) {
    return switch (entry.type()) {
      case F16 -> 5;
      case F32 -> 6;
      case F64 -> 7;
      case BF16 -> 15;
      default -> throw new IllegalArgumentException(entry.name() + " is " + entry.type());
    };
  }

  /** Whether {@code entry} is stored in exactly {@code type}. */
  static boolean same(TensorEntry entry, DType type) {
    return of(entry) == of(type);
  }
}
