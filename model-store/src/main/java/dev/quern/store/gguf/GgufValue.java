package dev.quern.store.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A value of a GGUF file's metadata. */
sealed interface GgufValue {
  /** Any integer type. */
  record Whole(long value) implements GgufValue {}

  /** fp32 or fp64. */
  record Real(double value) implements GgufValue {}

  record Flag(boolean value) implements GgufValue {}

  record Text(String value) implements GgufValue {}

  record Texts(List<String> values) implements GgufValue {
    public Texts {
      values = List.copyOf(values);
    }
  }

  /** An array of numbers or flags, kept as it is stored: it may have a million. */
  final class Numbers implements GgufValue {
    private final GgufType type;
    private final ByteBuffer stored;

    /**
     * @param stored whole elements, little-endian; owned by this object from here on
     */
    Numbers(GgufType type, byte[] stored) {
      this.type = type;
      this.stored = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN);
    }

    int size() {
      return stored.capacity() / type.bytes();
    }

    boolean isWhole() {
      return type != GgufType.FLOAT32 && type != GgufType.FLOAT64;
    }

    /** An element; of a real number the whole part. */
    long whole(int index) {
      int at = index * type.bytes();
      return switch (type) {
        case UINT8, BOOL -> stored.get(at) & 0xff;
        case INT8 -> stored.get(at);
        case UINT16 -> stored.getShort(at) & 0xffff;
        case INT16 -> stored.getShort(at);
        case UINT32 -> stored.getInt(at) & 0xffff_ffffL;
        case INT32 -> stored.getInt(at);
        case UINT64, INT64 -> stored.getLong(at);
        case FLOAT32 -> (long) stored.getFloat(at);
        case FLOAT64 -> (long) stored.getDouble(at);
        case STRING, ARRAY -> throw new IllegalStateException("numbers of type " + type);
      };
    }

    double real(int index) {
      int at = index * type.bytes();
      return switch (type) {
        case FLOAT32 -> stored.getFloat(at);
        case FLOAT64 -> stored.getDouble(at);
        default -> whole(index);
      };
    }
  }
}
