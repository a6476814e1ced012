package dev.quern.engine.tensor;

import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A safetensors file under construction. Values are rounded to the stored type when they are added,
 * and {@link #add} returns them rounded, so that a reference computes with what the file holds.
 */
public final class TestCheckpoint {
  private record Item(String name, StoredType type, List<Long> shape, byte[] content) {}

  private final Path file;
  private final List<Item> items = new ArrayList<>();
  private final int padding;

  /**
   * @param padding bytes between the header and the first tensor; odd values misalign everything
   */
  public TestCheckpoint(Path file, int padding) {
    this.file = file;
    this.padding = padding;
  }

  /** Adds a tensor and returns its values as stored. */
  public double[] add(String name, StoredType type, double[] values, long... shape) {
    ByteBuffer bytes =
        ByteBuffer.allocate((int) type.bytesOf(values.length)).order(ByteOrder.LITTLE_ENDIAN);
    double[] stored = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      stored[i] = put(bytes, type, values[i]);
    }
    items.add(new Item(name, type, Arrays.stream(shape).boxed().toList(), bytes.array()));
    return stored;
  }

  /** Adds a tensor of these bytes. */
  void addBytes(String name, StoredType type, byte[] content, long... shape) {
    items.add(new Item(name, type, Arrays.stream(shape).boxed().toList(), content));
  }

  private static double put(ByteBuffer bytes, StoredType type, double value) {
    switch (type) {
      case F64 -> {
        bytes.putDouble(value);
        return value;
      }
      case F32 -> {
        bytes.putFloat((float) value);
        return (float) value;
      }
      case F16 -> {
        short half = Float.floatToFloat16((float) value);
        bytes.putShort(half);
        return Float.float16ToFloat(half);
      }
      case BF16 -> {
        float rounded = Rounding.bf16((float) value);
        bytes.putShort((short) (Float.floatToRawIntBits(rounded) >>> 16));
        return rounded;
      }
      default -> {
        // Zeros, as they are already.
        return 0;
      }
    }
  }

  /** Writes the file and returns where each tensor lies, in the order of addition. */
  public List<TensorEntry> write() {
    StringBuilder header = new StringBuilder("{\"__metadata__\":{\"pad\":\"");
    StringBuilder entries = new StringBuilder();
    long offset = 0;
    for (Item item : items) {
      entries.append(
          ",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(
                  item.name(), item.type(), item.shape(), offset, offset + item.content().length));
      offset += item.content().length;
    }
    int used = header.length() + entries.length() + 3;
    int room = (16 - (used + 8) % 16) % 16 + padding;
    header.append("x".repeat(room)).append("\"}").append(entries).append("}");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] text = header.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    out.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).array());
    out.writeBytes(text);
    List<TensorEntry> placed = new ArrayList<>();
    for (Item item : items) {
      placed.add(
          new TensorEntry(
              item.name(), item.type(), item.shape(), file, out.size(), item.content().length));
      out.writeBytes(item.content());
    }
    try {
      Files.write(file, out.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return placed;
  }
}
