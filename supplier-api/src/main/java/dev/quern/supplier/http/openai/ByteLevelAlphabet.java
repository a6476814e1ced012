package dev.quern.supplier.http.openai;

/**
 * GPT-2's alphabet of printable stand-ins for the 256 bytes: printable Latin-1 stands for itself,
 * the other bytes in order for U+0100 and up.
 */
final class ByteLevelAlphabet {
  private static final int FIRST_STAND_IN = 0x100;

  private ByteLevelAlphabet() {}

  /** The bytes that {@code spelling} stands for; empty when it is not in the alphabet. */
  static byte[] bytes(String spelling) {
    byte[] bytes = new byte[spelling.length()];
    for (int i = 0; i < bytes.length; i++) {
      int value = valueOf(spelling.charAt(i));
      if (value < 0) {
        return new byte[0];
      }
      bytes[i] = (byte) value;
    }
    return bytes;
  }

  private static int valueOf(char c) {
    if (c < FIRST_STAND_IN) {
      return standsForItself(c) ? c : -1;
    }
    int order = c - FIRST_STAND_IN;
    for (int value = 0; value < FIRST_STAND_IN; value++) {
      if (!standsForItself(value) && order-- == 0) {
        return value;
      }
    }
    return -1;
  }

  private static boolean standsForItself(int value) {
    return (value >= '!' && value <= '~')
        || (value >= 0xA1 && value <= 0xAC)
        || (value >= 0xAE && value <= 0xFF);
  }
}
