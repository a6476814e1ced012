package dev.quern.supplier.cli;

import java.util.Locale;

/** Large numbers for a person. */
final class Units {
  private Units() {}

  /** Such as {@code 1.2 GB}. */
  static String bytes(long bytes) {
    return scaled(bytes, " ", new String[] {"B", "kB", "MB", "GB", "TB"});
  }

  /** Such as {@code 7.6B}. */
  static String count(long count) {
    return scaled(count, "", new String[] {"", "k", "M", "B", "T"});
  }

  private static String scaled(long number, String space, String[] units) {
    double value = number;
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    String digits =
        unit == 0
            ? Long.toString(number)
            : String.format(Locale.ROOT, value < 10 ? "%.1f" : "%.0f", value);
    return digits + space + units[unit];
  }
}
