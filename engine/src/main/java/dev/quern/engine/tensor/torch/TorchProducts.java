package dev.quern.engine.tensor.torch;

import dev.quern.engine.tensor.DType;
import dev.quern.store.QuernException;
import java.util.EnumSet;
import java.util.Set;

/** A way to multiply by a weight; the weight's layout in memory and {@code products.py} follow. */
enum TorchProducts {
  /** {@code aten::linear}; the weight as stored. */
  PLAIN(0),

  /** oneDNN, with the weight in its own layout. */
  PACKED(1),

  /**
   * The weight is bf16 or fp16, {@code [out, in]}, and is widened to fp32 in registers by {@code
   * ops.quern.linear}, which reads half the bytes of fp32. Milliseconds beside {@link #PACKED} in
   * fp32, one after the other on two cores of a Zen 1, best of five: {@code [4096, 768]} 0.38 and
   * 0.84 for 1 row, 0.53 and 0.96 for 4, 1.68 and 1.76 for 16, 3.1 and 3.0 for 32, 52 and 48 for
   * 512.
   */
  WIDENED(2);

  /** Types that profit from oneDNN's layout where oneDNN has them. */
  static final Set<DType> PACKING = Set.of(DType.F32, DType.BF16);

  private final int number;

  TorchProducts(int number) {
    this.number = number;
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
