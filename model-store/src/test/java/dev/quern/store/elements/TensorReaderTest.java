package dev.quern.store.elements;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import dev.quern.store.StoredForm;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorReaderTest {
  private final Path folder;

  TensorReaderTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** Expected: what torch makes of all codes, see benchmarks/oracle/gguf. */
  @Test
  void bothEightBitFloatsAreTorchsBitForBit() throws IOException {
    byte[] expected = TensorReaderTest.class.getResourceAsStream("/gguf/f8.f32").readAllBytes();
    FloatBuffer values = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    byte[] codes = new byte[256];
    for (int code = 0; code < 256; code++) {
      codes[code] = (byte) code;
    }
    for (StoredType type : List.of(StoredType.F8_E4M3, StoredType.F8_E5M2)) {
      float[] read = TensorReader.readAll(entry(type, codes, 16, 16));
      for (int code = 0; code < 256; code++) {
        assertEquals(bits(values.get()), bits(read[code]), type + " code " + code);
      }
    }
  }

  /** NaNs are equal whatever their sign and payload. */
  private static int bits(float value) {
    return Float.floatToIntBits(value);
  }

  @Test
  void doublesAreRounded() throws IOException {
    byte[] stored =
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putDouble(1.1)
            .putDouble(-1e300)
            .array();
    float[] expected = {1.1f, Float.NEGATIVE_INFINITY};
    assertArrayEquals(expected, TensorReader.readAll(entry(StoredType.F64, stored, 2)));
  }

  @Test
  void rowsAreReadFromWhereTheyLie() throws IOException {
    TensorEntry entry = counted(5, 3);
    FloatBuffer into = FloatBuffer.allocate(6);
    try (TensorReader reader = TensorReader.open(entry)) {
      reader.read(3, 2, into);
    }
    assertArrayEquals(new float[] {9, 10, 11, 12, 13, 14}, into.array());
  }

  @Test
  void manyPiecesAreReadInParallelInOrder() throws IOException {
    TensorEntry entry = counted(1000, 517);
    float[] read = TensorReader.readAll(entry);
    for (int i = 0; i < read.length; i++) {
      assertEquals(i, read[i]);
    }
  }

  /** Two heads of four rows: stored pairs (0, 1), (2, 3) are the model's rows (0, 2), (1, 3). */
  @Test
  void interleavedHeadsComeApart() throws IOException {
    TensorEntry entry = counted(8, 2).in(new StoredForm.InterleavedHeads(2));
    float[] expected = {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};
    assertArrayEquals(expected, TensorReader.readAll(entry));
    FloatBuffer into = FloatBuffer.allocate(4);
    try (TensorReader reader = TensorReader.open(entry)) {
      reader.read(5, 2, into);
    }
    assertArrayEquals(new float[] {12, 13, 10, 11}, into.array());
  }

  @Test
  void shiftsAreAdded() throws IOException {
    TensorEntry entry = counted(4).in(new StoredForm.Shifted(-1));
    assertArrayEquals(new float[] {-1, 0, 1, 2}, TensorReader.readAll(entry));
  }

  @Test
  void tilesAreScaledAndTheLastAreCutOff() throws IOException {
    TensorEntry scales = floats("s", new float[] {1, 10, 100, 1000}, 2, 2);
    TensorEntry entry = counted(3, 3).in(new StoredForm.Scaled(scales, 2, 2));
    float[] expected = {0, 1, 20, 3, 4, 50, 600, 700, 8000};
    assertArrayEquals(expected, TensorReader.readAll(entry));
    FloatBuffer into = FloatBuffer.allocate(3);
    try (TensorReader reader = TensorReader.open(entry)) {
      reader.read(2, 1, into);
    }
    assertArrayEquals(new float[] {600, 700, 8000}, into.array());
  }

  @Test
  void scalesThatDoNotCoverTheTensorAreRefused() throws IOException {
    TensorEntry scales = floats("s", new float[] {1, 2}, 2);
    TensorEntry entry = counted(3, 3).in(new StoredForm.Scaled(scales, 2, 2));
    QuernException error = assertThrows(QuernException.class, () -> TensorReader.open(entry));
    assertTrue(error.message().contains("needs 4 scales, but 's' has shape [2]"), error.message());
  }

  @Test
  void whatHoldsNoWeightsIsRefused() throws IOException {
    TensorEntry entry = entry(StoredType.I8, new byte[4], 4);
    QuernException error = assertThrows(QuernException.class, () -> TensorReader.open(entry));
    assertTrue(error.message().contains("is stored as I8"), error.message());
  }

  @Test
  void aFileThatBecameShorterIsAnError() throws IOException {
    TensorEntry entry = counted(4, 4);
    Files.write(entry.file(), new byte[20]);
    QuernException error = assertThrows(QuernException.class, () -> TensorReader.readAll(entry));
    assertTrue(error.message().contains("has become shorter"), error.message());
  }

  private TensorEntry counted(int... shape) throws IOException {
    int elements = 1;
    for (int size : shape) {
      elements *= size;
    }
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      values[i] = i;
    }
    return floats("t", values, shape);
  }

  private TensorEntry floats(String name, float[] values, int... shape) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return entry(name, StoredType.F32, bytes.array(), shape);
  }

  private TensorEntry entry(StoredType type, byte[] bytes, int... shape) throws IOException {
    return entry("t", type, bytes, shape);
  }

  private TensorEntry entry(String name, StoredType type, byte[] bytes, int... shape)
      throws IOException {
    Path file = folder.resolve(name);
    Files.write(file, ByteBuffer.allocate(bytes.length + 3).put(3, bytes).array());
    List<Long> sizes = java.util.Arrays.stream(shape).mapToObj(Long::valueOf).toList();
    return new TensorEntry(name, type, sizes, file, 3, bytes.length);
  }
}
