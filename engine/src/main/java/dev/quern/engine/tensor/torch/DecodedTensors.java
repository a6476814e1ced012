package dev.quern.engine.tensor.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.WeightSource;
import dev.quern.store.StoredForm;
import dev.quern.store.TensorEntry;
import dev.quern.store.elements.TensorReader;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Tensors whose stored bytes libtorch cannot view as they are: quantised, in eight bits, in another
 * order or scale. They are decoded in Java, some megabytes of fp32 at a time, and converted to the
 * wanted type on the way into a tensor of their own.
 */
final class DecodedTensors {
  /** Elements of fp32 between Java and libtorch. */
  private static final long CHUNK = 4L << 20;

  private final TorchScript script;
  private final PtNDManager manager;

  DecodedTensors(TorchScript script, NDManager manager) {
    this.script = script;
    this.manager = (PtNDManager) manager;
  }

  /** Whether this class is needed to read a tensor. */
  static boolean needed(TensorEntry entry) {
    return !(entry.form() instanceof StoredForm.AsIs) || !ScalarTypes.isNative(entry.type());
  }

  /** The source's rows in {@code dtype}; the caller's to close. */
  IValue read(WeightSource source, DType dtype) {
    long[] shape = TorchWeights.shape(source);
    IValue whole = script.call("empty", shape, ScalarTypes.of(dtype));
    try {
      fill(whole, source, shape);
      return whole;
    } catch (RuntimeException | Error e) {
      whole.close();
      throw e;
    }
  }

  private void fill(IValue whole, WeightSource source, long[] shape) {
    long rowElements = 1;
    for (int i = 1; i < shape.length; i++) {
      rowElements *= shape[i];
    }
    long chunkRows = Math.clamp(CHUNK / Math.max(1, rowElements), 1, source.rows());
    // Shared, because the reader's tasks write to it.
    try (Arena arena = Arena.ofShared();
        TensorReader reader = TensorReader.open(source.entry())) {
      ByteBuffer bytes =
          arena
              .allocate(chunkRows * rowElements * Float.BYTES, Float.BYTES)
              .asByteBuffer()
              .order(ByteOrder.nativeOrder());
      for (long row = 0; row < source.rows(); row += chunkRows) {
        int rows = (int) Math.min(chunkRows, source.rows() - row);
        reader.read(source.firstRow() + row, rows, bytes.asFloatBuffer());
        shape[0] = rows;
        copy(whole, row, bytes, shape);
      }
    }
  }

  /** Converts what {@code bytes} hold to rows from {@code row} on. */
  private void copy(IValue whole, long row, ByteBuffer bytes, long[] shape) {
    try (PtNDArray chunk =
            JniUtils.createNdFromByteBuffer(
                manager,
                bytes,
                new Shape(shape),
                DataType.FLOAT32,
                SparseFormat.DENSE,
                Device.cpu());
        IValue value = IValue.from(chunk)) {
      script.call("fill_rows", whole, row, value).close();
    }
  }
}
