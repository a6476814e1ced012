package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.DType;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
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

  /**
   * The number of a stored floating type.
   *
   * @throws QuernException BAD_REQUEST for anything else: a quantised weight is not its integers
   */
  static int of(TensorEntry entry) {
    return switch (entry.type()) {
      case F16 -> 5;
      case F32 -> 6;
      case F64 -> 7;
      case BF16 -> 15;
      case BOOL, U8, I8, F8_E4M3, F8_E5M2, U16, I16, U32, I32, U64, I64 ->
          throw new QuernException(
              ErrorCategory.BAD_REQUEST,
              entry.file()
                  + ": tensor "
                  + entry.name()
                  + " is stored as "
                  + entry.type()
                  + ", and only F64, F32, F16 and BF16 weights can be used; take a checkpoint that"
                  + " is not quantised");
    };
  }

  /** Whether {@code entry} is stored in exactly {@code type}. */
  static boolean same(TensorEntry entry, DType type) {
    return of(entry) == of(type);
  }
}
