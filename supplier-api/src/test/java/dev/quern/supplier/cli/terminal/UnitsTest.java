package dev.quern.supplier.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class UnitsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.0 kB",
    "12345, 12 kB",
    "999999, 1.0 MB",
    "7600000000, 7.6 GB"
  })
  void bytes(long bytes, String text) {
    assertEquals(text, Units.bytes(bytes));
  }

  @ParameterizedTest
  @CsvSource({"12, 12", "88384, 88k", "7615616512, 7.6B"})
  void counts(long count, String text) {
    assertEquals(text, Units.count(count));
  }
}
