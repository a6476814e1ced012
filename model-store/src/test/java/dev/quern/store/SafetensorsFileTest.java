package dev.quern.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsFileTest {
  private final Path folder;

  SafetensorsFileTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private SafetensorsFile read(byte[] bytes) throws IOException {
    Path file = folder.resolve("model.safetensors");
    Files.write(file, bytes);
    return SafetensorsFile.read(file);
  }

  @Test
  void readsTypesShapesAndOffsets() throws IOException {
    byte[] bytes =
        new SafetensorsWriter()
            .metadata("format", "pt")
            .tensor("a", StoredType.BF16, 2, 3)
            .tensor("scalar", StoredType.F32)
            .tensor("empty", StoredType.I64, 0, 7)
            .tensor("b", StoredType.U8, 5)
            .bytes();
    SafetensorsFile file = read(bytes);
    assertEquals(Map.of("format", "pt"), file.metadata());
    assertEquals(4, file.tensors().size());
    TensorEntry a = file.tensors().get(0);
    assertEquals("a", a.name());
    assertEquals(StoredType.BF16, a.type());
    assertEquals(List.of(2L, 3L), a.shape());
    assertEquals(12, a.bytes());
    assertEquals(bytes.length - 5 - 4 - 12, a.offset());
    TensorEntry last = file.tensors().stream().filter(t -> t.name().equals("b")).findAny().get();
    assertEquals(bytes.length - 5, last.offset());
    assertEquals(0, bytes[(int) last.offset()]);
    assertEquals(4, bytes[(int) last.offset() + 4]);
  }

  /** Names and sizes in bits as the format's reference reader (safetensors 0.8) has them. */
  @ParameterizedTest
  @CsvSource({
    "BOOL,8",
    "F4,4",
    "F6_E2M3,6",
    "F6_E3M2,6",
    "U8,8",
    "I8,8",
    "F8_E5M2,8",
    "F8_E4M3,8",
    "F8_E8M0,8",
    "F8_E5M2FNUZ,8",
    "F8_E4M3FNUZ,8",
    "I16,16",
    "U16,16",
    "F16,16",
    "BF16,16",
    "I32,32",
    "U32,32",
    "F32,32",
    "C64,64",
    "F64,64",
    "I64,64",
    "U64,64"
  })
  void readsEveryTypeOfTheFormat(String name, int bits) throws IOException {
    int bytes = 3 * 8 * bits / 8;
    String header = "{" + tensor("a", name, "3,8", 0, bytes) + "}";
    TensorEntry entry = read(SafetensorsWriter.file(header, new byte[bytes])).tensors().get(0);
    assertEquals(name, entry.type().name());
    assertEquals(24, entry.elements());
    assertEquals(bytes, entry.bytes());
  }

  @Test
  void aFileWithoutTensorsIsSound() throws IOException {
    assertEquals(List.of(), read(SafetensorsWriter.file("{}", new byte[0])).tensors());
  }

  static Stream<Arguments> unsound() {
    return Stream.of(
        header("an overlap", tensor("a", "U8", "4", 0, 4) + "," + tensor("b", "U8", "4", 2, 6), 6),
        header("a hole", tensor("a", "U8", "2", 0, 2) + "," + tensor("b", "U8", "2", 4, 6), 6),
        header("a hole or an overlap", tensor("a", "U8", "2", 1, 3), 3),
        header("bytes follow the last tensor", tensor("a", "U8", "2", 0, 2), 3),
        header("is truncated", tensor("a", "U8", "4", 0, 4), 3),
        header("needs 8 bytes", tensor("a", "F32", "2", 0, 4), 4),
        header("hole or an overlap", tensor("a", "U8", "2", 2, 0), 2),
        header("64 bits", tensor("a", "U8", "4294967296,4294967296", 0, 4), 4),
        header("64 bits", tensor("a", "F64", "2305843009213693952", 0, 4), 4),
        header("is truncated", tensor("a", "U8", "9223372036854775807", 0, Long.MAX_VALUE), 4),
        header("not a whole number", tensor("a", "U8", "-1", 0, 4), 4),
        header("not a whole number", tensor("a", "U8", "1.5", 0, 4), 4),
        header("not valid JSON", tensor("a", "U8", "99999999999999999999", 0, 4), 4),
        header("Duplicate", tensor("a", "U8", "4", 0, 4) + "," + tensor("a", "U8", "4", 0, 4), 4),
        header("element type F3", tensor("a", "F3", "8", 0, 3), 3),
        header("element type Q4_0", tensor("a", "Q4_0", "32", 0, 18), 18),
        header("whole byte", tensor("a", "F4", "7", 0, 3), 3),
        header("whole byte", tensor("a", "F6_E2M3", "2", 0, 1), 1),
        header("needs 3 bytes", tensor("a", "F6_E3M2", "2,2", 0, 4), 4),
        header("unknown field", "\"a\":{\"dtype\":\"U8\",\"x\":1}", 0),
        header("needs dtype", "\"a\":{\"dtype\":\"U8\",\"shape\":[]}", 0),
        header("belongs", "\"a\":7", 0),
        header("belongs", "\"a\":{\"dtype\":null}", 0),
        header("belongs", "\"__metadata__\":{\"a\":1}", 0),
        Arguments.of("is truncated: 8 bytes expected, 3 there", new byte[3]),
        Arguments.of("says it is 0 bytes", new byte[64]),
        Arguments.of("does not start with a brace", SafetensorsWriter.file(" {}", new byte[0])),
        Arguments.of("does not start with a brace", SafetensorsWriter.file("[]", new byte[0])),
        Arguments.of("something follows", SafetensorsWriter.file("{}{}", new byte[0])),
        Arguments.of("not valid JSON", SafetensorsWriter.file("{\"a\":", new byte[0])),
        Arguments.of("not valid JSON", SafetensorsWriter.file("{\"a\":{".repeat(500), new byte[0])),
        Arguments.of("not UTF-8", notUtf8()),
        Arguments.of("bytes expected, 20 there. Download", oversizedHeader(1000)),
        Arguments.of("100000000 are allowed", oversizedHeader(100_000_001)),
        Arguments.of("18446744073709551615 bytes long", oversizedHeader(-1)),
        Arguments.of(
            "Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n".getBytes(UTF_8)));
  }

  private static Arguments header(String message, String fields, int dataBytes) {
    return Arguments.of(message, SafetensorsWriter.file("{" + fields + "}", new byte[dataBytes]));
  }

  private static String tensor(String name, String type, String shape, long begin, long end) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
        .formatted(name, type, shape, begin, end);
  }

  private static byte[] notUtf8() {
    byte[] bytes = SafetensorsWriter.file("{\"abc\":1}", new byte[0]);
    bytes[10] = (byte) 0xFF;
    return bytes;
  }

  private static byte[] oversizedHeader(long length) {
    byte[] bytes = new byte[20];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (length >>> (8 * i));
    }
    return bytes;
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
  void aFolderInPlaceOfTheFileIsRefused() throws IOException {
    Path file = Files.createDirectory(folder.resolve("x.safetensors"));
    assertThrows(QuernException.class, () -> SafetensorsFile.read(file));
  }
}
