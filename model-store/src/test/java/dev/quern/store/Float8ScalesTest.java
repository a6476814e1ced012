package dev.quern.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Float8ScalesTest {
  private static final String TILES =
      "{\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}";

  private final Path folder;

  Float8ScalesTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private Checkpoint open(String config, String scaleName, long... scaleShape) throws IOException {
    Files.writeString(folder.resolve("config.json"), config);
    new SafetensorsWriter()
        .tensor("a.weight", StoredType.F8_E4M3, 200, 130)
        .tensor("b.weight", StoredType.BF16, 2)
        .tensor(scaleName, StoredType.F32, scaleShape)
        .write(folder.resolve("model.safetensors"));
    return Checkpoint.open(folder);
  }

  private static StoredForm.Scaled form(Checkpoint checkpoint) {
    return (StoredForm.Scaled) checkpoint.tensor("a.weight").form();
  }

  @ParameterizedTest
  @CsvSource({"a.weight_scale_inv", "a.weight_scale"})
  void oneScaleIsForTheWhole(String name) throws IOException {
    Checkpoint checkpoint = open("{}", name);
    assertEquals(200, form(checkpoint).tileRows());
    assertEquals(130, form(checkpoint).tileColumns());
    assertFalse(checkpoint.has(name));
    assertEquals(200 * 130 + 2, checkpoint.parameters());
  }

  @Test
  void aColumnIsForRows() throws IOException {
    assertEquals(1, form(open("{}", "a.weight_scale", 200, 1)).tileRows());
    assertEquals(130, form(open("{}", "a.weight_scale", 200)).tileColumns());
  }

  @Test
  void aMatrixIsForTilesOfTheStatedSize() throws IOException {
    StoredForm.Scaled form = form(open(TILES, "a.weight_scale_inv", 2, 2));
    assertEquals(128, form.tileRows());
    assertEquals(128, form.tileColumns());
    assertEquals("a.weight_scale_inv", form.scales().name());
  }

  @Test
  void scalesThatFitNothingAreRefused() throws IOException {
    assertRefused("tiles of 128 x 128", () -> open(TILES, "a.weight_scale_inv", 2, 3));
    assertRefused("no quantization_config", () -> open("{}", "a.weight_scale_inv", 2, 2));
    assertRefused(
        "no weight_block_size",
        () -> open("{\"quantization_config\":{}}", "a.weight_scale_inv", 2, 2));
  }

  @Test
  void aQuantisedWeightWithoutScalesIsRefused() throws IOException {
    assertRefused("no weight_scale beside it", () -> open(TILES, "other", 1));
    assertEquals(StoredForm.AS_IS, open("{}", "other", 1).tensor("a.weight").form());
  }

  private interface Opening {
    Checkpoint open() throws IOException;
  }

  private static void assertRefused(String message, Opening opening) {
    QuernException error = assertThrows(QuernException.class, opening::open);
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertTrue(error.message().contains(message), error.message());
  }
}
