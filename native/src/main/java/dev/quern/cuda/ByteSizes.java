package dev.quern.cuda;

import java.util.Locale;

/** Numbers of bytes for a person. */
final class ByteSizes {
  private ByteSizes() {}

  static String text(long bytes) {
    if (bytes >= 1L << 30) {
      return String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1L << 30));
    }
    if (bytes >= 1L << 20) {
      return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
    }
    return bytes + " bytes";
  }
}
