package dev.quern.store.gguf;

import dev.quern.store.StoredType;
import java.util.Optional;

/** ggml's numbers of element types. */
final class GgmlTypes {
  private GgmlTypes() {}

  /** The type of that number, if Quern reads it. */
  static Optional<StoredType> stored(int number) {
    return Optional.ofNullable(
        switch (number) {
          case 0 -> StoredType.F32;
          case 1 -> StoredType.F16;
          case 2 -> StoredType.Q4_0;
          case 3 -> StoredType.Q4_1;
          case 6 -> StoredType.Q5_0;
          case 7 -> StoredType.Q5_1;
          case 8 -> StoredType.Q8_0;
          case 10 -> StoredType.Q2_K;
          case 11 -> StoredType.Q3_K;
          case 12 -> StoredType.Q4_K;
          case 13 -> StoredType.Q5_K;
          case 14 -> StoredType.Q6_K;
          case 24 -> StoredType.I8;
          case 25 -> StoredType.I16;
          case 26 -> StoredType.I32;
          case 27 -> StoredType.I64;
          case 28 -> StoredType.F64;
          case 30 -> StoredType.BF16;
          default -> null;
        });
  }

  /** What ggml calls a type that Quern does not read. */
  static String name(int number) {
    return switch (number) {
      case 9 -> "Q8_1";
      case 15 -> "Q8_K";
      case 16 -> "IQ2_XXS";
      case 17 -> "IQ2_XS";
      case 18 -> "IQ3_XXS";
      case 19 -> "IQ1_S";
      case 20 -> "IQ4_NL";
      case 21 -> "IQ3_S";
      case 22 -> "IQ2_S";
      case 23 -> "IQ4_XS";
      case 29 -> "IQ1_M";
      case 34 -> "TQ1_0";
      case 35 -> "TQ2_0";
      case 39 -> "MXFP4";
      case 40 -> "NVFP4";
      default -> "number " + Integer.toUnsignedString(number);
    };
  }
}
