package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.PinnedUploader;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.WeightSource;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.StoredForm;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import dev.quern.store.elements.TensorReader;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Brings checkpoint tensors to the device, some megabytes at a time: what is stored as the model
 * wants it is read from the file straight into pinned memory, all else is decoded to fp32 and
 * rounded into it. While a piece is copied the next is read.
 */
final class WeightUploads implements AutoCloseable {
  private static final int PIECES = 2;
  private static final int PIECE_BYTES = 8 << 20;

  private final CudaContext context;
  private @Nullable PinnedUploader uploader;

  WeightUploads(CudaContext context) {
    this.context = context;
  }

  /** Fills {@code to} with the source's rows in {@code dtype}, {@code offset} added to each. */
  void upload(DeviceBuffer to, WeightSource source, DType dtype, float offset) {
    if (offset == 0 && isStoredAs(source.entry(), dtype)) {
      copyBytes(to, source);
    } else {
      decode(to, source, dtype, offset);
    }
  }

  /** Fills {@code to} with fp32 rows. */
  void upload(DeviceBuffer to, float[][] rows) {
    float[] values = new float[Math.multiplyExact(rows.length, rows[0].length)];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(rows[row], 0, values, row * rows[0].length, rows[0].length);
    }
    uploader().upload(to, encoder(values, DType.F32));
  }

  /** Waits until all that was uploaded has arrived; nothing may compute with it before. */
  void arrive() {
    if (uploader != null) {
      uploader.finish();
    }
  }

  @Override
  public void close() {
    if (uploader != null) {
      uploader.close();
    }
  }

  private PinnedUploader uploader() {
    PinnedUploader opened = uploader;
    if (opened == null) {
      opened = new PinnedUploader(context, PIECES, PIECE_BYTES, bytes -> {});
      uploader = opened;
    }
    return opened;
  }

  private static boolean isStoredAs(TensorEntry entry, DType dtype) {
    return entry.form() instanceof StoredForm.AsIs && entry.type() == storedType(dtype);
  }

  private static StoredType storedType(DType dtype) {
    return switch (dtype) {
      case F32 -> StoredType.F32;
      case F16 -> StoredType.F16;
      case BF16 -> StoredType.BF16;
      case I32 -> StoredType.I32;
      case I64 -> StoredType.I64;
    };
  }

  private void copyBytes(DeviceBuffer to, WeightSource source) {
    TensorEntry entry = source.entry();
    long rowBytes = entry.bytes() / entry.shape().getFirst();
    long begin = entry.offset() + source.firstRow() * rowBytes;
    try (FileChannel file = FileChannel.open(entry.file(), StandardOpenOption.READ)) {
      uploader()
          .upload(
              to.slice(0, source.rows() * rowBytes),
              (piece, offset) -> read(file, entry, begin + offset, piece.asByteBuffer()));
    } catch (IOException e) {
      throw unreadable(entry, e);
    }
  }

  private static void read(FileChannel file, TensorEntry entry, long position, ByteBuffer into) {
    try {
      while (into.hasRemaining()) {
        int bytes = file.read(into, position + into.position());
        if (bytes < 0) {
          throw new EOFException("the file has become shorter");
        }
      }
    } catch (IOException e) {
      throw unreadable(entry, e);
    }
  }

  private void decode(DeviceBuffer to, WeightSource source, DType dtype, float offset) {
    TensorEntry entry = source.entry();
    int rowElements = Math.toIntExact(entry.elements() / entry.shape().getFirst());
    int pieceRows =
        (int) Math.clamp(PIECE_BYTES / Float.BYTES / Math.max(1, rowElements), 1, source.rows());
    float[] values = new float[Math.multiplyExact(pieceRows, rowElements)];
    long rowBytes = (long) rowElements * dtype.bytes();
    try (TensorReader reader = TensorReader.open(entry)) {
      for (long row = 0; row < source.rows(); row += pieceRows) {
        int rows = (int) Math.min(pieceRows, source.rows() - row);
        reader.read(source.firstRow() + row, rows, FloatBuffer.wrap(values));
        shift(values, offset);
        uploader().upload(to.slice(row * rowBytes, rows * rowBytes), encoder(values, dtype));
      }
    }
  }

  /** Rounds what belongs into a piece. */
  private static PinnedUploader.Source encoder(float[] values, DType dtype) {
    return (piece, offset) ->
        FloatCodec.encode(
            values,
            (int) (offset / dtype.bytes()),
            (int) (piece.byteSize() / dtype.bytes()),
            piece,
            dtype);
  }

  private static void shift(float[] values, float offset) {
    if (offset != 0) {
      for (int i = 0; i < values.length; i++) {
        values[i] += offset;
      }
    }
  }

  private static QuernException unreadable(TensorEntry entry, IOException e) {
    return new QuernException(
        ErrorCategory.NOT_FOUND, entry.file() + " cannot be read: " + e.getMessage(), e);
  }
}
