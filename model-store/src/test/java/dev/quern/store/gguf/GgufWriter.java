package dev.quern.store.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes small GGUF files, sound ones and any others. */
final class GgufWriter {
  private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
  private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private final int version;
  private long pairs;
  private long tensors;

  GgufWriter(int version) {
    this.version = version;
  }

  GgufWriter() {
    this(3);
  }

  GgufWriter text(String key, String value) {
    return raw(key, 8, string(value));
  }

  GgufWriter uint32(String key, int value) {
    return raw(key, 4, int32(value));
  }

  GgufWriter float32(String key, float value) {
    return raw(key, 6, int32(Float.floatToIntBits(value)));
  }

  GgufWriter texts(String key, List<String> values) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(int32(8));
    out.writeBytes(int64(values.size()));
    values.forEach(value -> out.writeBytes(string(value)));
    return raw(key, 9, out.toByteArray());
  }

  GgufWriter int32s(String key, int... values) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(int32(5));
    out.writeBytes(int64(values.length));
    for (int value : values) {
      out.writeBytes(int32(value));
    }
    return raw(key, 9, out.toByteArray());
  }

  /** A pair whose value is these bytes. */
  GgufWriter raw(String key, int type, byte[] value) {
    metadata.writeBytes(string(key));
    metadata.writeBytes(int32(type));
    metadata.writeBytes(value);
    pairs++;
    return this;
  }

  /** A tensor after those before, padded to 32 bytes; {@code shape} from the innermost. */
  GgufWriter tensor(String name, int type, int bytes, long... shape) {
    info(name, type, data.size(), shape);
    for (int i = 0; i < bytes; i++) {
      data.write(i);
    }
    pad(data);
    return this;
  }

  /** The info of a tensor whose data may be anywhere. */
  GgufWriter info(String name, int type, long offset, long... shape) {
    infos.writeBytes(string(name));
    infos.writeBytes(int32(shape.length));
    for (long size : shape) {
      infos.writeBytes(int64(size));
    }
    infos.writeBytes(int32(type));
    infos.writeBytes(int64(offset));
    tensors++;
    return this;
  }

  byte[] bytes() {
    return bytes(tensors, pairs);
  }

  byte[] bytes(long statedTensors, long statedPairs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(int32(version));
    out.writeBytes(int64(statedTensors));
    out.writeBytes(int64(statedPairs));
    out.writeBytes(metadata.toByteArray());
    out.writeBytes(infos.toByteArray());
    if (data.size() > 0) {
      pad(out);
      out.writeBytes(data.toByteArray());
    }
    return out.toByteArray();
  }

  private static void pad(ByteArrayOutputStream out) {
    while (out.size() % 32 != 0) {
      out.write(0);
    }
  }

  static byte[] string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + bytes.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(bytes.length)
        .put(bytes)
        .array();
  }

  static byte[] int32(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  static byte[] int64(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }
}
