package dev.quern.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Writes small safetensors files, sound ones and, through {@link #file}, any others. */
final class SafetensorsWriter {
  private final List<String> fields = new ArrayList<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  SafetensorsWriter tensor(String name, StoredType type, long... shape) {
    long elements = 1;
    List<String> sizes = new ArrayList<>();
    for (long size : shape) {
      elements *= size;
      sizes.add(Long.toString(size));
    }
    long bytes = type.bytesOf(elements);
    int begin = data.size();
    for (long i = 0; i < bytes; i++) {
      data.write((int) i);
    }
    fields.add(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
            .formatted(name, type, String.join(",", sizes), begin, data.size()));
    return this;
  }

  SafetensorsWriter metadata(String key, String value) {
    fields.add(0, "\"__metadata__\":{\"%s\":\"%s\"}".formatted(key, value));
    return this;
  }

  byte[] bytes() {
    String header = fields.stream().collect(Collectors.joining(",", "{", "}"));
    return file(header + " ".repeat((8 - header.length() % 8) % 8), data.toByteArray());
  }

  void write(Path file) {
    try {
      Files.write(file, bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file of the format's outline with any header and data. */
  static byte[] file(String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .put(data)
        .array();
  }
}
