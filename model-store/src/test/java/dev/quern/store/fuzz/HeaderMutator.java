package dev.quern.store.fuzz;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Changes a sound file in one to four places, in ways that hurt parsers. */
public final class HeaderMutator {
  /** Numbers around the ends of what 8, 16, 32 and 64 bits hold. */
  private static final long[] EDGES = {
    0,
    1,
    2,
    7,
    8,
    31,
    32,
    33,
    127,
    128,
    255,
    256,
    32_767,
    65_535,
    1 << 20,
    100_000_000,
    Integer.MAX_VALUE,
    1L << 31,
    0xffff_ffffL,
    1L << 32,
    1L << 40,
    1L << 61,
    1L << 62,
    Long.MAX_VALUE - 1,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -2,
    -1
  };

  private static final String JSON_LETTERS = "0123456789-{}[]\",:.eE \\ut";

  private final SplittableRandom random;

  public HeaderMutator(long seed) {
    random = new SplittableRandom(seed);
  }

  /** A changed copy of {@code sound}. */
  public byte[] mutated(byte[] sound) {
    byte[] bytes = sound.clone();
    int changes = 1 + random.nextInt(4);
    for (int change = 0; change < changes && bytes.length > 0; change++) {
      bytes = changed(bytes, random.nextInt(bytes.length));
    }
    return bytes;
  }

  private byte[] changed(byte[] bytes, int at) {
    switch (random.nextInt(11)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(256);
      case 2 -> bytes[at] = (byte) JSON_LETTERS.charAt(random.nextInt(JSON_LETTERS.length()));
      case 3 -> putNumber(bytes, at, 8);
      case 4 -> putNumber(bytes, at, 4);
      case 5 -> putNumber(bytes, random.nextInt(Math.min(24, bytes.length)), 8);
      case 6 -> putDigits(bytes, at);
      case 7 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 8 -> {
        return withoutRange(bytes, at, Math.min(bytes.length - at, 1 + random.nextInt(40)));
      }
      case 9 -> {
        int length = Math.min(bytes.length - at, 1 + random.nextInt(200));
        return withInserted(bytes, random.nextInt(bytes.length), bytes, at, length);
      }
      default -> {
        int from = random.nextInt(bytes.length);
        int length = Math.min(random.nextInt(40), bytes.length - Math.max(at, from));
        System.arraycopy(bytes.clone(), from, bytes, at, length);
      }
    }
    return bytes;
  }

  /** Writes one of the numbers, little-endian, as far as there is room. */
  private void putNumber(byte[] bytes, int at, int size) {
    long number = EDGES[random.nextInt(EDGES.length)];
    for (int i = 0; i < size && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (number >>> (8 * i));
    }
  }

  /** Makes the digits from {@code at} on one long number. */
  private void putDigits(byte[] bytes, int at) {
    int length = 1 + random.nextInt(20);
    for (int i = at; i < Math.min(bytes.length, at + length); i++) {
      bytes[i] = (byte) ('0' + random.nextInt(10));
    }
  }

  private static byte[] withoutRange(byte[] bytes, int at, int length) {
    byte[] shorter = Arrays.copyOf(bytes, bytes.length - length);
    System.arraycopy(bytes, at + length, shorter, at, bytes.length - at - length);
    return shorter;
  }

  private static byte[] withInserted(byte[] bytes, int at, byte[] part, int from, int length) {
    byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
    System.arraycopy(part, from, longer, at, length);
    System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
    return longer;
  }
}
