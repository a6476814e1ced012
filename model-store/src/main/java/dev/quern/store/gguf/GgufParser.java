package dev.quern.store.gguf;

import dev.quern.store.ErrorCategory;
import dev.quern.store.Names;
import dev.quern.store.QuernException;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One pass over a GGUF header: magic, version, counts, metadata, tensor infos. */
final class GgufParser {
  /** The letters GGUF, read as a little-endian number. */
  private static final int MAGIC = 0x46554747;

  private static final String ALIGNMENT_KEY = "general.alignment";
  private static final long DEFAULT_ALIGNMENT = 32;
  private static final long MAX_ALIGNMENT = 1 << 20;
  private static final int MAX_DIMENSIONS = 4;

  /** A key's length and its type and the smallest value. */
  private static final int LEAST_PAIR_BYTES = 8 + 4 + 1;

  /** A name's length, the number of dimensions, type and offset. */
  private static final int LEAST_TENSOR_BYTES = 8 + 4 + 4 + 8;

  private final Path file;
  private final long fileBytes;
  private final HeaderInput in;

  GgufParser(Path file, long fileBytes, HeaderInput in) {
    this.file = file;
    this.fileBytes = fileBytes;
    this.in = in;
  }

  /** A tensor as its info states it; the offset counts from the start of the data. */
  private record Stated(String name, StoredType type, List<Long> shape, long begin, long bytes) {}

  GgufFile parse() throws IOException {
    int version = readVersion();
    int tensors = in.count(LEAST_TENSOR_BYTES, "tensors");
    int pairs = in.count(LEAST_PAIR_BYTES, "metadata pairs");
    GgufMetadata metadata = readMetadata(pairs);
    List<Stated> stated = readTensors(tensors);
    return new GgufFile(file, version, metadata, placed(stated, alignment(metadata)));
  }

  private int readVersion() throws IOException {
    if (fileBytes < 8 || in.int32() != MAGIC) {
      throw in.corrupt("it does not begin with the letters GGUF", null);
    }
    int version = in.int32();
    if (version == Integer.reverseBytes(2) || version == Integer.reverseBytes(3)) {
      throw unsupported("it is big-endian: convert it to little-endian");
    }
    if (version != 2 && version != 3) {
      throw unsupported(
          "it has version "
              + Integer.toUnsignedString(version)
              + ", and Quern reads 2 and 3: convert the model again with a current llama.cpp");
    }
    return version;
  }

  private GgufMetadata readMetadata(int pairs) throws IOException {
    Map<String, GgufValue> values = new LinkedHashMap<>();
    for (int i = 0; i < pairs; i++) {
      String key = in.string("a key");
      if (values.put(key, readValue(key)) != null) {
        throw in.corrupt("it has the key '" + Names.quoted(key) + "' twice", null);
      }
    }
    return new GgufMetadata(file, values);
  }

  private GgufValue readValue(String key) throws IOException {
    GgufType type = readType(key);
    return switch (type) {
      case UINT8 -> new GgufValue.Whole(in.int8() & 0xff);
      case INT8 -> new GgufValue.Whole(in.int8());
      case UINT16 -> new GgufValue.Whole(in.int16() & 0xffff);
      case INT16 -> new GgufValue.Whole(in.int16());
      case UINT32 -> new GgufValue.Whole(in.int32() & 0xffff_ffffL);
      case INT32 -> new GgufValue.Whole(in.int32());
      // Numbers from 2^63 on come out negative, which no key allows.
      case UINT64, INT64 -> new GgufValue.Whole(in.int64());
      case FLOAT32 -> new GgufValue.Real(Float.intBitsToFloat(in.int32()));
      case FLOAT64 -> new GgufValue.Real(Double.longBitsToDouble(in.int64()));
      case BOOL -> new GgufValue.Flag(in.int8() != 0);
      case STRING -> new GgufValue.Text(in.string("text"));
      case ARRAY -> readArray(key);
    };
  }

  private GgufType readType(String key) throws IOException {
    int number = in.int32();
    return GgufType.numbered(number)
        .orElseThrow(
            () ->
                in.corrupt(
                    "the key '"
                        + Names.quoted(key)
                        + "' has a value of the unknown type "
                        + Integer.toUnsignedString(number),
                    null));
  }

  private GgufValue readArray(String key) throws IOException {
    GgufType type = readType(key);
    if (type == GgufType.ARRAY) {
      throw in.corrupt("the key '" + Names.quoted(key) + "' has an array of arrays", null);
    }
    int count = in.count(type.bytes(), "elements of '" + Names.quoted(key) + "'");
    if (type == GgufType.STRING) {
      List<String> texts = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        texts.add(in.string("text"));
      }
      return new GgufValue.Texts(texts);
    }
    return new GgufValue.Numbers(type, in.bytes(Math.multiplyExact(count, type.bytes())));
  }

  private List<Stated> readTensors(int count) throws IOException {
    List<Stated> stated = new ArrayList<>(count);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < count; i++) {
      Stated tensor = readTensor();
      if (!names.add(tensor.name())) {
        throw in.corrupt(Names.tensor(tensor.name()) + " is there twice", null);
      }
      stated.add(tensor);
    }
    return stated;
  }

  private Stated readTensor() throws IOException {
    String name = in.string("a tensor's name");
    int dimensions = in.int32();
    if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
      throw in.corrupt(
          Names.tensor(name) + " has " + Integer.toUnsignedString(dimensions) + " dimensions",
          null);
    }
    Long[] shape = new Long[dimensions];
    for (int i = 0; i < dimensions; i++) {
      // ggml counts dimensions from the innermost.
      shape[dimensions - 1 - i] = in.int64();
    }
    StoredType type = readStoredType(name);
    long bytes = checkedBytes(name, type, List.of(shape));
    return new Stated(name, type, List.of(shape), in.int64(), bytes);
  }

  private StoredType readStoredType(String name) throws IOException {
    int number = in.int32();
    return GgmlTypes.stored(number)
        .orElseThrow(
            () ->
                unsupported(
                    Names.tensor(name)
                        + " has ggml's type "
                        + GgmlTypes.name(number)
                        + ", which Quern does not read: take a file in Q4_K_M, Q6_K, Q8_0 or F16"));
  }

  private long checkedBytes(String name, StoredType type, List<Long> shape) {
    long elements = 1;
    try {
      for (long size : shape) {
        if (size < 0) {
          throw new ArithmeticException("a size of " + Long.toUnsignedString(size));
        }
        elements = Math.multiplyExact(elements, size);
      }
      if (!shape.isEmpty() && shape.getLast() % type.groupElements() != 0) {
        throw new ArithmeticException("rows that end within a block of " + type);
      }
      return type.bytesOf(elements);
    } catch (ArithmeticException e) {
      throw in.corrupt(Names.tensor(name) + " has the shape " + shape + ": " + e.getMessage(), e);
    }
  }

  private long alignment(GgufMetadata metadata) {
    long alignment = metadata.whole(ALIGNMENT_KEY).orElse(DEFAULT_ALIGNMENT);
    if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
      throw in.corrupt(ALIGNMENT_KEY + " is " + alignment + ", not a small power of two", null);
    }
    return alignment;
  }

  /** The tensors in file order, once they are known to lie in the file one after another. */
  private List<TensorEntry> placed(List<Stated> stated, long alignment) {
    stated.sort(Comparator.comparingLong(Stated::begin).thenComparingLong(Stated::bytes));
    long dataStart = aligned(in.position(), alignment);
    List<TensorEntry> entries = new ArrayList<>(stated.size());
    long reached = 0;
    for (Stated tensor : stated) {
      if (tensor.begin() != aligned(reached, alignment)) {
        throw in.corrupt(
            Names.tensor(tensor.name())
                + " lies at "
                + Long.toUnsignedString(tensor.begin())
                + ", which leaves a hole or an overlap after byte "
                + reached,
            null);
      }
      if (tensor.bytes() > fileBytes - dataStart - tensor.begin()) {
        throw in.corrupt(
            "it is truncated: "
                + Names.tensor(tensor.name())
                + " has "
                + tensor.bytes()
                + " bytes at "
                + (dataStart + tensor.begin())
                + " of "
                + fileBytes,
            null);
      }
      reached = tensor.begin() + tensor.bytes();
      entries.add(
          new TensorEntry(
              tensor.name(),
              tensor.type(),
              tensor.shape(),
              file,
              dataStart + tensor.begin(),
              tensor.bytes()));
    }
    return entries;
  }

  /** Both fit far into 64 bits: {@code position} is at most the file's size. */
  private static long aligned(long position, long alignment) {
    return (position + alignment - 1) & -alignment;
  }

  private QuernException unsupported(String what) {
    return new QuernException(ErrorCategory.BAD_REQUEST, file + " cannot be read: " + what);
  }
}
