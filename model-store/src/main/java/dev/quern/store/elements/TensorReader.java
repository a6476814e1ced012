package dev.quern.store.elements;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.StoredForm;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows of one tensor as the model's numbers in fp32: decoded, and brought out of the stored
 * {@link StoredForm}. A row is an index of the outermost dimension.
 *
 * <p>Memory is in proportion to the pieces that are read at once, not to the tensor. Decoding uses
 * the common pool's threads. Owns an open file until {@link #close}.
 */
public final class TensorReader implements AutoCloseable {
  /** Elements that one task decodes; half a megabyte of fp32 stays in a core's cache. */
  private static final int PIECE = 1 << 17;

  private final TensorEntry entry;
  private final GroupDecoder decoder;
  private final long rowElements;
  private final float @Nullable [] scales;
  private final FileChannel channel;

  private TensorReader(
      TensorEntry entry, GroupDecoder decoder, float @Nullable [] scales, FileChannel channel) {
    this.entry = entry;
    this.decoder = decoder;
    this.rowElements = rowElements(entry);
    this.scales = scales;
    this.channel = channel;
  }

  /** Whether elements of this type are numbers that can be read. */
  public static boolean canRead(StoredType type) {
    return GroupDecoder.of(type).isPresent();
  }

  /**
   * Opens a tensor's file.
   *
   * @throws QuernException BAD_REQUEST if the type holds no numbers that weights may be, if its
   *     rows end within a group or its scales do not cover it; NOT_FOUND if the file is gone
   */
  public static TensorReader open(TensorEntry entry) {
    GroupDecoder decoder =
        GroupDecoder.of(entry.type())
            .orElseThrow(
                () -> refused(entry, "is stored as " + entry.type() + ", which holds no weights"));
    if (rowElements(entry) % entry.type().groupElements() != 0) {
      throw refused(entry, "has rows that end within a block of " + entry.type());
    }
    float[] scales =
        entry.form() instanceof StoredForm.Scaled scaled ? readScales(entry, scaled) : null;
    try {
      FileChannel channel = FileChannel.open(entry.file(), StandardOpenOption.READ);
      return new TensorReader(entry, decoder, scales, channel);
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND, entry.file() + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads the whole tensor, for small ones.
   *
   * @return its elements, row-major
   */
  public static float[] readAll(TensorEntry entry) {
    float[] values = new float[Math.toIntExact(entry.elements())];
    if (values.length > 0) {
      long rows = entry.shape().isEmpty() ? 1 : entry.shape().get(0);
      try (TensorReader reader = open(entry)) {
        reader.read(0, Math.toIntExact(rows), FloatBuffer.wrap(values));
      }
    }
    return values;
  }

  /**
   * Reads rows {@code [firstRow, firstRow + rows)}.
   *
   * @param into takes {@code rows * rowElements} numbers from index 0 on; its position is not moved
   * @throws QuernException BAD_REQUEST if the file has become shorter
   */
  public void read(long firstRow, int rows, FloatBuffer into) {
    if (into.capacity() < rows * rowElements) {
      throw new IllegalArgumentException("no room for " + rows + " rows of " + entry.name());
    }
    int pieceRows = Math.clamp(PIECE / Math.max(1, rowElements), 1, Integer.MAX_VALUE);
    int pieces = (rows + pieceRows - 1) / pieceRows;
    IntStream.range(0, pieces)
        .parallel()
        .forEach(
            piece -> {
              int begin = piece * pieceRows;
              int count = Math.min(pieceRows, rows - begin);
              float[] values = readPiece(firstRow + begin, count);
              into.put(Math.toIntExact(begin * rowElements), values, 0, values.length);
            });
  }

  private float[] readPiece(long firstRow, int rows) {
    float[] values = new float[Math.toIntExact(rows * rowElements)];
    switch (entry.form()) {
      case StoredForm.AsIs _ -> decodeRows(firstRow, rows, values, 0);
      case StoredForm.Shifted shifted -> {
        decodeRows(firstRow, rows, values, 0);
        for (int i = 0; i < values.length; i++) {
          values[i] += shifted.addend();
        }
      }
      case StoredForm.InterleavedHeads interleaved -> {
        for (int row = 0; row < rows; row++) {
          long stored = interleavedRow(firstRow + row, interleaved.heads());
          decodeRows(stored, 1, values, Math.toIntExact(row * rowElements));
        }
      }
      case StoredForm.Scaled scaled -> {
        decodeRows(firstRow, rows, values, 0);
        scale(firstRow, values, scaled);
      }
    }
    return values;
  }

  private void decodeRows(long firstRow, int rows, float[] into, int at) {
    long rowBytes = entry.type().bytesOf(rowElements);
    byte[] stored = new byte[Math.toIntExact(rows * rowBytes)];
    ByteBuffer buffer = ByteBuffer.wrap(stored);
    long position = entry.offset() + firstRow * rowBytes;
    try {
      while (buffer.hasRemaining()) {
        int count = channel.read(buffer, position + buffer.position());
        if (count < 0) {
          throw refused(entry, "is not all there any more: the file has become shorter");
        }
      }
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.INTERNAL, entry.file() + " cannot be read: " + e.getMessage(), e);
    }
    int groups = stored.length / entry.type().groupBytes();
    decoder.decode(stored, 0, groups, into, at);
  }

  /** The stored row that holds the model's {@code row}. */
  private long interleavedRow(long row, int heads) {
    long headRows = entry.shape().get(0) / heads;
    long half = headRows / 2;
    long inHead = row % headRows;
    return row - inHead + 2 * (inHead % half) + inHead / half;
  }

  private void scale(long firstRow, float[] values, StoredForm.Scaled scaled) {
    float[] factors = scales;
    if (factors == null) {
      throw new IllegalStateException("opened without scales");
    }
    long across = tiles(rowElements, scaled.tileColumns());
    for (int i = 0; i < values.length; i++) {
      long row = firstRow + i / rowElements;
      long column = i % rowElements;
      long tile = row / scaled.tileRows() * across + column / scaled.tileColumns();
      values[i] *= factors[(int) tile];
    }
  }

  private static float[] readScales(TensorEntry entry, StoredForm.Scaled scaled) {
    long rows = entry.shape().isEmpty() ? 1 : entry.shape().get(0);
    long needed = tiles(rows, scaled.tileRows()) * tiles(rowElements(entry), scaled.tileColumns());
    if (scaled.scales().elements() != needed) {
      throw refused(
          entry,
          "needs "
              + needed
              + " scales, but '"
              + scaled.scales().name()
              + "' has shape "
              + scaled.scales().shape());
    }
    return readAll(scaled.scales());
  }

  private static long tiles(long size, long tile) {
    return size == 0 ? 0 : (size - 1) / tile + 1;
  }

  private static long rowElements(TensorEntry entry) {
    return entry.shape().isEmpty() || entry.shape().get(0) == 0
        ? entry.elements()
        : entry.elements() / entry.shape().get(0);
  }

  private static QuernException refused(TensorEntry entry, String why) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST, "tensor '" + entry.name() + "' in " + entry.file() + " " + why);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.INTERNAL, entry.file() + " cannot be closed: " + e.getMessage(), e);
    }
  }
}
