package dev.quern.store.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  private final Path folder;

  GgufFileTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private GgufFile read(byte[] bytes) throws IOException {
    return GgufFile.read(Files.write(folder.resolve("model.gguf"), bytes));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void readsMetadataAndTensors(int version) throws IOException {
    byte[] bytes =
        new GgufWriter(version)
            .text("general.architecture", "llama")
            .uint32("llama.block_count", 7)
            .float32("llama.eps", 1e-5f)
            .texts("tokens", List.of("a", "", "\u2581b"))
            .int32s("types", 1, -2, 3)
            .raw("flag", 7, new byte[] {1})
            .raw("i8", 1, new byte[] {-3})
            .raw("u64", 10, GgufWriter.int64(1L << 40))
            .raw("f64", 12, GgufWriter.int64(Double.doubleToLongBits(0.25)))
            .tensor("a", 0, 24, 3, 2)
            .tensor("b", 8, 68, 64)
            .bytes();
    GgufFile file = read(bytes);
    GgufMetadata metadata = file.metadata();
    assertEquals(version, file.version());
    assertEquals("llama", metadata.text("general.architecture").orElseThrow());
    assertEquals(7, metadata.neededWhole("llama.block_count"));
    assertEquals(1e-5f, metadata.number("llama.eps").getAsDouble());
    assertEquals(List.of("a", "", "\u2581b"), metadata.texts("tokens").orElseThrow());
    assertEquals(-2, metadata.numbers("types").orElseThrow().whole(1));
    assertEquals(true, metadata.flag("flag").orElseThrow());
    assertEquals(1L << 40, metadata.neededWhole("u64"));
    assertEquals(0.25, metadata.number("f64").getAsDouble());
    assertThrows(QuernException.class, () -> metadata.whole("i8"));
    assertThrows(QuernException.class, () -> metadata.text("u64"));
    TensorEntry a = file.tensors().get(0);
    assertEquals(List.of(2L, 3L), a.shape());
    assertEquals(StoredType.F32, a.type());
    TensorEntry b = file.tensors().get(1);
    assertEquals(a.offset() + 32, b.offset());
    assertEquals(64, b.elements());
    assertEquals(68, b.bytes());
    assertEquals(bytes.length, b.offset() + 96);
  }

  @Test
  void readsTextsLongerThanItsBuffer() throws IOException {
    String longText = "x".repeat(200_000);
    GgufFile file = read(new GgufWriter().text("a", longText).text("b", "end").bytes());
    assertEquals(longText, file.metadata().text("a").orElseThrow());
    assertEquals("end", file.metadata().text("b").orElseThrow());
  }

  static Stream<Arguments> unsound() {
    byte[] sound = sound().bytes();
    return Stream.of(
        Arguments.of("letters GGUF", new byte[0]),
        Arguments.of("letters GGUF", "GGML....".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
        Arguments.of("version 1", new GgufWriter(1).bytes()),
        Arguments.of("version 4294967295", new GgufWriter(-1).bytes()),
        Arguments.of("big-endian", new GgufWriter(0x03000000).bytes()),
        Arguments.of("says it has 1000 tensors", sound().bytes(1000, 1)),
        Arguments.of("says it has 18446744073709551615 tensors", sound().bytes(-1, 1)),
        Arguments.of("9223372036854775807 metadata", sound().bytes(1, Long.MAX_VALUE)),
        Arguments.of("truncated", Arrays.copyOf(sound, sound.length - 40)),
        Arguments.of("says it has 1 tensors", Arrays.copyOf(sound, 30)),
        Arguments.of("bytes of a key", with(sound, 24, GgufWriter.int64(1L << 60))),
        Arguments.of("bytes of a key", with(sound, 24, GgufWriter.int64(-8))),
        Arguments.of("unknown type 13", new GgufWriter().raw("k", 13, new byte[8]).bytes()),
        Arguments.of("unknown type 4294967295", new GgufWriter().raw("k", -1, new byte[8]).bytes()),
        Arguments.of("'k' twice", new GgufWriter().text("k", "").text("k", "").bytes()),
        Arguments.of("array of arrays", array(9, 0)),
        Arguments.of("says it has 9 elements of 'k'", array(4, 9)),
        Arguments.of("says it has 4611686018427387904 elements", array(0, 1L << 62)),
        Arguments.of("says it has 2305843009213693952 elements", array(8, 1L << 61)),
        Arguments.of("9 dimensions", tensor("t", 0, 0, new long[9])),
        Arguments.of("overflow", tensor("t", 0, 0, 1L << 32, 1L << 32)),
        Arguments.of("a size of 18446744073709551615", tensor("t", 0, 0, -1)),
        Arguments.of("end within a block", tensor("t", 12, 0, 255, 256)),
        Arguments.of("end within a block", tensor("t", 2, 0, 16, 2)),
        Arguments.of("ggml's type IQ4_XS", tensor("t", 23, 0, 256)),
        Arguments.of("ggml's type number 4", tensor("t", 4, 0, 256)),
        Arguments.of("ggml's type number 4294967295", tensor("t", -1, 0, 256)),
        Arguments.of("truncated", tensor("t", 0, 0, 1000)),
        Arguments.of("truncated", tensor("t", 0, 0, Long.MAX_VALUE / 8)),
        Arguments.of("hole or an overlap", tensor("t", 0, 32, 1)),
        Arguments.of("hole or an overlap", tensor("t", 0, -32, 1)),
        Arguments.of("hole or an overlap", overlapping(0)),
        Arguments.of("hole or an overlap", overlapping(16)),
        Arguments.of("hole or an overlap", overlapping(64)),
        Arguments.of("'t' is there twice", sound().info("t", 0, 32, 1).bytes()),
        Arguments.of("general.alignment is 0", sound().uint32("general.alignment", 0).bytes()),
        Arguments.of("general.alignment is 24", sound().uint32("general.alignment", 24).bytes()),
        Arguments.of(
            "general.alignment is 2147483648",
            sound().uint32("general.alignment", 1 << 31).bytes()));
  }

  private static GgufWriter sound() {
    return new GgufWriter().text("general.name", "sound").tensor("t", 0, 32, 8);
  }

  private static byte[] with(byte[] bytes, int at, byte[] part) {
    byte[] changed = bytes.clone();
    System.arraycopy(part, 0, changed, at, part.length);
    return changed;
  }

  private static byte[] array(int type, long count) {
    byte[] header = Arrays.copyOf(GgufWriter.int32(type), 12);
    System.arraycopy(GgufWriter.int64(count), 0, header, 4, 8);
    return new GgufWriter().raw("k", 9, header).bytes();
  }

  private static byte[] tensor(String name, int type, long offset, long... shape) {
    return new GgufWriter().info(name, type, offset, shape).bytes();
  }

  private static byte[] overlapping(long second) {
    return new GgufWriter().tensor("a", 0, 32, 8).info("b", 0, second, 1).bytes();
  }

  @ParameterizedTest
  @MethodSource("unsound")
  void refusesWhatIsNotSoundAndNamesTheFile(String message, byte[] bytes) {
    QuernException error = assertThrows(QuernException.class, () -> read(bytes));
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertTrue(error.message().contains(message), error.message());
    assertTrue(error.message().startsWith(folder.toString()), error.message());
  }

  @Test
  void anAbsentFileIsNotFound() {
    QuernException error =
        assertThrows(QuernException.class, () -> GgufFile.read(folder.resolve("no.gguf")));
    assertEquals(ErrorCategory.NOT_FOUND, error.category());
  }
}
