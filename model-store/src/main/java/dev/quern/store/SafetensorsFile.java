package dev.quern.store;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header of one safetensors file, checked against the file's size.
 *
 * <p>The layout is eight bytes of little-endian header length, that many bytes of JSON, then the
 * tensors' bytes; offsets in the header count from the end of the header. The rules are those of
 * the format's reference reader: a header of at most 100 MB that starts with a brace, tensors that
 * tile the data without overlap, hole or rest. No number from the file is believed before it has
 * been compared with the file's size, and no more memory is taken than in proportion to the header.
 *
 * @param metadata the free strings under {@code __metadata__}
 * @param tensors in the order of their offsets
 */
record SafetensorsFile(Path file, Map<String, String> metadata, List<TensorEntry> tensors) {
  private static final int LENGTH_BYTES = 8;
  private static final long MAX_HEADER_BYTES = 100_000_000;
  private static final String LFS_POINTER = "version https://git-lfs";

  SafetensorsFile {
    metadata = Map.copyOf(metadata);
    tensors = List.copyOf(tensors);
  }

  /**
   * Reads and checks the header of {@code file}.
   *
   * @throws QuernException NOT_FOUND if there is no such file, BAD_REQUEST if it is truncated or
   *     corrupt
   */
  static SafetensorsFile read(Path file) {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new QuernException(ErrorCategory.BAD_REQUEST, file + " is not a regular file");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(file, channel.size(), channel);
    } catch (NoSuchFileException e) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND, "there is no file " + file + ": download it", e);
    } catch (IOException e) {
      throw JsonFiles.unreadable(file, e);
    }
  }

  /** Reads the header of a file of {@code fileBytes} from its start. */
  static SafetensorsFile read(Path file, long fileBytes, ReadableByteChannel channel)
      throws IOException {
    byte[] header = readHeader(file, channel, fileBytes);
    return new Parser(file, LENGTH_BYTES + header.length, fileBytes).parse(header);
  }

  private static byte[] readHeader(Path file, ReadableByteChannel channel, long fileBytes)
      throws IOException {
    if (fileBytes < LENGTH_BYTES) {
      throw truncated(file, LENGTH_BYTES, fileBytes);
    }
    byte[] length = readFully(file, channel, LENGTH_BYTES);
    long headerBytes = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (LFS_POINTER.startsWith(new String(length, StandardCharsets.ISO_8859_1))) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          file + " is a Git LFS pointer, not the tensors: run 'git lfs pull' or download the file");
    }
    if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) {
      throw corrupt(
          file,
          "its header says it is "
              + Long.toUnsignedString(headerBytes)
              + " bytes long (2 to "
              + MAX_HEADER_BYTES
              + " are allowed)",
          null);
    }
    if (headerBytes > fileBytes - LENGTH_BYTES) {
      throw truncated(file, LENGTH_BYTES + headerBytes, fileBytes);
    }
    return readFully(file, channel, (int) headerBytes);
  }

  private static byte[] readFully(Path file, ReadableByteChannel channel, int bytes)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw corrupt(file, "it became shorter while it was read", null);
      }
    }
    return buffer.array();
  }

  private static QuernException truncated(Path file, long expected, long there) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        file
            + " is truncated: "
            + expected
            + " bytes expected, "
            + there
            + " there. Download it again");
  }

  private static QuernException corrupt(Path file, String what, @Nullable Throwable cause) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        file + " is not a sound safetensors file: " + what + ". Download it again",
        cause);
  }

  /** A tensor as the header states it; offsets count from the end of the header. */
  private record Stated(String name, StoredType type, List<Long> shape, long begin, long end) {}

  /** One pass over the header's JSON; holds nothing but the tensors found so far. */
  private static final class Parser {
    private final Path file;
    private final long dataStart;
    private final long fileBytes;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final List<Stated> stated = new ArrayList<>();

    Parser(Path file, long dataStart, long fileBytes) {
      this.file = file;
      this.dataStart = dataStart;
      this.fileBytes = fileBytes;
    }

    SafetensorsFile parse(byte[] header) throws IOException {
      if (header[0] != '{') {
        throw corrupt(file, "its header does not start with a brace", null);
      }
      try (JsonParser json = JsonFiles.strictParser(new ByteArrayInputStream(header))) {
        json.nextToken();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          readField(json, json.currentName());
        }
        if (json.nextToken() != null) {
          throw corrupt(file, "something follows the JSON in its header", null);
        }
      } catch (JsonProcessingException e) {
        throw corrupt(file, "its header is not valid JSON: " + e.getOriginalMessage(), e);
      } catch (CharacterCodingException e) {
        throw corrupt(file, "its header is not UTF-8", e);
      }
      return new SafetensorsFile(file, metadata, checkedEntries());
    }

    private void readField(JsonParser json, String name) throws IOException {
      if (name.equals("__metadata__")) {
        expect(json, JsonToken.START_OBJECT, name);
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String key = json.currentName();
          expect(json, JsonToken.VALUE_STRING, name);
          metadata.put(key, json.getText());
        }
        return;
      }
      stated.add(readTensor(json, name));
    }

    private Stated readTensor(JsonParser json, String name) throws IOException {
      expect(json, JsonToken.START_OBJECT, name);
      String type = null;
      List<Long> shape = null;
      List<Long> offsets = null;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        switch (json.currentName()) {
          case "dtype" -> {
            expect(json, JsonToken.VALUE_STRING, name);
            type = json.getText();
          }
          case "shape" -> shape = readSizes(json, name);
          case "data_offsets" -> offsets = readSizes(json, name);
          default ->
              throw corrupt(
                  file,
                  Names.tensor(name)
                      + " has the unknown field '"
                      + Names.quoted(json.currentName())
                      + "'",
                  null);
        }
      }
      if (type == null || shape == null || offsets == null || offsets.size() != 2) {
        throw corrupt(file, Names.tensor(name) + " needs dtype, shape and two data_offsets", null);
      }
      String stated = type;
      StoredType known =
          StoredType.ofSafetensors(type)
              .orElseThrow(
                  () ->
                      new QuernException(
                          ErrorCategory.BAD_REQUEST,
                          file
                              + ": "
                              + Names.tensor(name)
                              + " has the element type "
                              + Names.quoted(stated)
                              + ", which Quern does not read: use a revision of the model in"
                              + " another type"));
      return new Stated(name, known, shape, offsets.get(0), offsets.get(1));
    }

    private List<Long> readSizes(JsonParser json, String name) throws IOException {
      expect(json, JsonToken.START_ARRAY, name);
      List<Long> sizes = new ArrayList<>(4);
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT || json.getLongValue() < 0) {
          throw corrupt(file, Names.tensor(name) + " has a size that is not a whole number", null);
        }
        sizes.add(json.getLongValue());
      }
      return sizes;
    }

    private void expect(JsonParser json, JsonToken token, String name) throws IOException {
      JsonToken found = json.nextToken();
      if (found != token) {
        throw corrupt(
            file, Names.tensor(name) + " has " + found + " where " + token + " belongs", null);
      }
    }

    /** The tensors in file order, once they are known to tile the data exactly. */
    private List<TensorEntry> checkedEntries() {
      stated.sort(Comparator.comparingLong(Stated::begin).thenComparingLong(Stated::end));
      List<TensorEntry> entries = new ArrayList<>(stated.size());
      long reached = 0;
      for (Stated tensor : stated) {
        if (tensor.begin() != reached || tensor.end() < tensor.begin()) {
          throw corrupt(
              file,
              Names.tensor(tensor.name())
                  + " lies at "
                  + tensor.begin()
                  + " to "
                  + tensor.end()
                  + ", which leaves a hole or an overlap after byte "
                  + reached,
              null);
        }
        reached = tensor.end();
        entries.add(checkedEntry(tensor));
      }
      long dataBytes = fileBytes - dataStart;
      if (reached > dataBytes) {
        throw truncated(file, saturatedSum(dataStart, reached), fileBytes);
      }
      if (reached < dataBytes) {
        throw corrupt(
            file, (dataBytes - reached) + " bytes follow the last tensor its header names", null);
      }
      return entries;
    }

    private TensorEntry checkedEntry(Stated tensor) {
      long bytes = tensor.end() - tensor.begin();
      long needed;
      try {
        long elements = 1;
        for (long size : tensor.shape()) {
          elements = Math.multiplyExact(elements, size);
        }
        needed = tensor.type().bytesOf(elements);
      } catch (ArithmeticException e) {
        throw corrupt(
            file,
            Names.tensor(tensor.name())
                + " has a shape of more elements than 64 bits count, or that does not end with a"
                + " whole byte",
            e);
      }
      if (needed != bytes) {
        throw corrupt(
            file,
            Names.tensor(tensor.name())
                + " needs "
                + needed
                + " bytes for its shape and type, but has "
                + bytes,
            null);
      }
      // The sum may pass the range of long only for a file that is refused as truncated below.
      long offset = saturatedSum(dataStart, tensor.begin());
      return new TensorEntry(tensor.name(), tensor.type(), tensor.shape(), file, offset, bytes);
    }

    private static long saturatedSum(long a, long b) {
      return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
  }
}
