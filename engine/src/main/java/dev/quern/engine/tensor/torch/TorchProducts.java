package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.DType;
import dev.quern.store.QuernException;
import java.util.EnumSet;
import java.util.Set;

/**
 * How weights of a type are multiplied, which depends on what oneDNN offers on the processor: the
 * layout in memory and the product in {@code products.py} follow from it.
 */
enum TorchProducts {
  /** {@code aten::linear}; the weight as stored. */
  PLAIN(0),

  /** oneDNN, with the weight in its own layout. */
  PACKED(1),

  /**
   * The weight stays bf16, {@code [out, in]}. Up to 7 rows go one by one through libtorch's product
   * of matrix and vector, which reads it once a row at half the bytes of fp32; more rows multiply
   * panels that were widened to fp32. Milliseconds for {@code [32000, 768]} on two cores of a busy
   * Zen 1, panels and rows one by one: 18 and 5 for 1 row, 30 and 17 for 4, 23 and 32 for 8, 30 and
   * 64 for 16.
   */
  WIDENED(2);

  /** Types that profit from oneDNN's layout where oneDNN has them. */
  static final Set<DType> PACKING = Set.of(DType.F32, DType.BF16);

  private final int number;

  TorchProducts(int number) {
    this.number = number;
  }

  /**
   * @param packable the types that oneDNN multiplies on this processor
   */
  static TorchProducts of(DType type, Set<DType> packable) {
    if (packable.contains(type)) {
      return PACKED;
    }
    return type == DType.BF16 ? WIDENED : PLAIN;
  }

  /**
   * Those of {@code candidates} that oneDNN multiplies here: fp32, and bf16 where there is AVX-512.
   */
  static Set<DType> packable(TorchScript weights, Set<DType> candidates) {
    Set<DType> types = EnumSet.noneOf(DType.class);
    for (DType type : candidates) {
      try {
        weights.call("try_packed", ScalarTypes.of(type)).close();
        types.add(type);
      } catch (QuernException e) {
        // oneDNN says by its refusal what it lacks; there is no other way to ask.
      }
    }
    return types;
  }

  /** What {@code products.py} knows it by. */
  int number() {
    return number;
  }
}
