package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.ElementType;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.Tensor;
import java.util.Arrays;

/** A view of device memory that weights, a cache or the step's memory own. */
record CudaTensor(DeviceBuffer buffer, DType dtype, long[] shape) implements Tensor {
  static CudaTensor of(Tensor tensor) {
    return (CudaTensor) tensor;
  }

  /** Size of the outermost dimension. */
  int rows() {
    return Math.toIntExact(shape[0]);
  }

  /** The first {@code rows}. */
  CudaTensor first(int rows) {
    long[] part = shape.clone();
    part[0] = rows;
    return new CudaTensor(buffer.slice(0, elements(part) * dtype.bytes()), dtype, part);
  }

  /** Elements of one index of the outermost dimension. */
  int width() {
    return Math.toIntExact(elements(Arrays.copyOfRange(shape, 1, shape.length)));
  }

  long elements() {
    return elements(shape);
  }

  ElementType type() {
    return ElementTypes.of(dtype);
  }

  static long elements(long... shape) {
    long elements = 1;
    for (long size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    return elements;
  }
}
