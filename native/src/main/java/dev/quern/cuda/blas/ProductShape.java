package dev.quern.cuda.blas;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.ElementType;
import org.jspecify.annotations.Nullable;

/**
 * All that an algorithm for {@code out = x W^T + bias} is chosen by.
 *
 * @param biased whether there is a bias
 * @param alignment a power of two, at most {@link #MOST_ALIGNMENT}, that divides all addresses
 */
record ProductShape(
    ElementType type, int rows, int outFeatures, int inFeatures, boolean biased, int alignment) {
  /** What cuBLASLt assumes when it is told nothing, and what arenas hand out. */
  static final int MOST_ALIGNMENT = 256;

  ProductShape {
    if (rows < 1 || outFeatures < 1 || inFeatures < 1) {
      throw new IllegalArgumentException(
          "product of " + rows + " x " + inFeatures + " and " + outFeatures + " x " + inFeatures);
    }
  }

  /** The shape of this product, whose buffers have been found large enough. */
  static ProductShape of(
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias,
      int rows,
      int outFeatures,
      int inFeatures) {
    require("out", out, (long) rows * outFeatures * type.bytes());
    require("x", x, (long) rows * inFeatures * type.bytes());
    require("weight", weight, (long) outFeatures * inFeatures * type.bytes());
    long addresses = out.address() | x.address() | weight.address() | MOST_ALIGNMENT;
    if (bias != null) {
      require("bias", bias, (long) outFeatures * type.bytes());
      addresses |= bias.address();
    }
    return new ProductShape(
        type, rows, outFeatures, inFeatures, bias != null, (int) Long.lowestOneBit(addresses));
  }

  private static void require(String what, DeviceBuffer buffer, long bytes) {
    if (buffer.bytes() < bytes) {
      throw new IllegalArgumentException(
          what + " holds " + buffer.bytes() + " bytes, and " + bytes + " were asked for");
    }
  }
}
