package dev.quern.store.elements;

import static dev.quern.store.elements.GroupDecoder.LittleEndian.half;
import static dev.quern.store.elements.GroupDecoder.LittleEndian.int32;

/**
 * ggml's first quantised types: blocks of 32 elements with one fp16 scale {@code d}, and where the
 * name ends in 1 an fp16 minimum {@code m}. Low nibbles hold the first 16 elements, high nibbles
 * the others. Products and sums are rounded one by one, as ggml's reference does.
 */
final class LegacyQuants {
  private static final int ELEMENTS = 32;
  private static final int HALF = ELEMENTS / 2;

  private LegacyQuants() {}

  /** Q4_0: d, 16 bytes of nibbles; {@code d * (q - 8)}. */
  static void q4With8(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 18, at += ELEMENTS) {
      float d = half(stored, from);
      for (int i = 0; i < HALF; i++) {
        int pair = stored[from + 2 + i];
        into[at + i] = d * ((pair & 0xf) - 8);
        into[at + HALF + i] = d * (((pair >> 4) & 0xf) - 8);
      }
    }
  }

  /** Q4_1: d, m, 16 bytes of nibbles; {@code d * q + m}. */
  static void q4WithMinimum(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 20, at += ELEMENTS) {
      float d = half(stored, from);
      float m = half(stored, from + 2);
      for (int i = 0; i < HALF; i++) {
        int pair = stored[from + 4 + i];
        into[at + i] = d * (pair & 0xf) + m;
        into[at + HALF + i] = d * ((pair >> 4) & 0xf) + m;
      }
    }
  }

  /** Q5_0: d, 32 fifth bits, 16 bytes of nibbles; {@code d * (q - 16)}. */
  static void q5With16(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 22, at += ELEMENTS) {
      float d = half(stored, from);
      int fifth = int32(stored, from + 2);
      for (int i = 0; i < HALF; i++) {
        int pair = stored[from + 6 + i];
        into[at + i] = d * (fiveBits(pair, fifth >> i) - 16);
        into[at + HALF + i] = d * (fiveBits(pair >> 4, fifth >> (HALF + i)) - 16);
      }
    }
  }

  /** Q5_1: d, m, 32 fifth bits, 16 bytes of nibbles; {@code d * q + m}. */
  static void q5WithMinimum(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 24, at += ELEMENTS) {
      float d = half(stored, from);
      float m = half(stored, from + 2);
      int fifth = int32(stored, from + 4);
      for (int i = 0; i < HALF; i++) {
        int pair = stored[from + 8 + i];
        into[at + i] = d * fiveBits(pair, fifth >> i) + m;
        into[at + HALF + i] = d * fiveBits(pair >> 4, fifth >> (HALF + i)) + m;
      }
    }
  }

  /** Q8_0: d, 32 signed bytes; {@code d * q}. */
  static void q8(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 34, at += ELEMENTS) {
      float d = half(stored, from);
      for (int i = 0; i < ELEMENTS; i++) {
        into[at + i] = d * stored[from + 2 + i];
      }
    }
  }

  private static int fiveBits(int low, int fifth) {
    return (low & 0xf) | ((fifth & 1) << 4);
  }
}
