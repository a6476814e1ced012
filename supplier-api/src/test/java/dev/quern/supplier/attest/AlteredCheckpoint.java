package dev.quern.supplier.attest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** Copies of a checkpoint in bf16 with other weights, as a supplier that cheats would serve. */
final class AlteredCheckpoint {
  private static final int BLOCK = 32;

  private AlteredCheckpoint() {}

  /** Changes one row of a matrix in place. */
  @FunctionalInterface
  private interface RowChange {
    void apply(float[] row);
  }

  /** Each row rounded to {@code 2^bits - 1} steps of its largest value. */
  static Path quantised(Path original, Path copy, int bits) throws IOException {
    return write(original, copy, row -> round(row, 0, row.length, bits));
  }

  /** As GGUF's Q8_0 and Q4_0: blocks of 32 weights have steps of their own. */
  static Path quantisedInBlocks(Path original, Path copy, int bits) throws IOException {
    return write(
        original,
        copy,
        row -> {
          for (int begin = 0; begin < row.length; begin += BLOCK) {
            round(row, begin, Math.min(row.length, begin + BLOCK), bits);
          }
        });
  }

  private static void round(float[] row, int begin, int end, int bits) {
    float largest = 0;
    for (int i = begin; i < end; i++) {
      largest = Math.max(largest, Math.abs(row[i]));
    }
    float step = largest / ((1 << (bits - 1)) - 1);
    for (int i = begin; i < end && step > 0; i++) {
      row[i] = Math.round(row[i] / step) * step;
    }
  }

  /** Each weight changed by normal noise of {@code share} of its size, as a fine-tune might. */
  static Path perturbed(Path original, Path copy, double share) throws IOException {
    Random random = new Random(7);
    return write(
        original,
        copy,
        row -> {
          for (int i = 0; i < row.length; i++) {
            row[i] *= (float) (1 + share * random.nextGaussian());
          }
        });
  }

  private static Path write(Path original, Path copy, RowChange change) throws IOException {
    Files.createDirectories(copy);
    try (Stream<Path> files = Files.list(original)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    Path weights = copy.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = Math.toIntExact(data.getLong(0));
    JsonNode tensors =
        new ObjectMapper().readTree(new String(bytes, 8, header, StandardCharsets.UTF_8));
    for (Map.Entry<String, JsonNode> tensor : tensors.properties()) {
      JsonNode shape = tensor.getValue().path("shape");
      if (shape.size() == 2 && tensor.getValue().path("dtype").asText().equals("BF16")) {
        int begin = 8 + header + tensor.getValue().path("data_offsets").path(0).asInt();
        change(data, begin, shape.path(0).asInt(), shape.path(1).asInt(), change);
      }
    }
    Files.write(weights, bytes);
    return copy;
  }

  private static void change(ByteBuffer data, int begin, int rows, int columns, RowChange change) {
    float[] row = new float[columns];
    for (int r = 0; r < rows; r++) {
      int at = begin + 2 * r * columns;
      for (int c = 0; c < columns; c++) {
        row[c] = Float.intBitsToFloat(data.getShort(at + 2 * c) << 16);
      }
      change.apply(row);
      for (int c = 0; c < columns; c++) {
        // Rounded to the nearest number of bf16.
        data.putShort(at + 2 * c, (short) ((Float.floatToIntBits(row[c]) + 0x8000) >> 16));
      }
    }
  }
}
