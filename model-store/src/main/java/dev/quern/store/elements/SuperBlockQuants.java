package dev.quern.store.elements;

import static dev.quern.store.elements.GroupDecoder.LittleEndian.half;

/**
 * ggml's K quants: super-blocks of 256 elements, cut into sub-blocks of 16 or 32 with small integer
 * scales (and minimums) that fp16 numbers of the super-block scale in turn. Products and
 * differences are rounded one by one, as ggml's reference does.
 */
final class SuperBlockQuants {
  private static final int ELEMENTS = 256;

  private SuperBlockQuants() {}

  /**
   * Q2_K: 16 bytes of scale and minimum nibbles, 64 bytes of 2-bit elements, d, dMin; sub-blocks of
   * 16. A run of 32 bytes holds 128 elements: bits 0-1 of all bytes, then 2-3, and so on.
   */
  static void q2(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 84, at += ELEMENTS) {
      float d = half(stored, from + 80);
      float dMin = half(stored, from + 82);
      for (int sub = 0; sub < 16; sub++) {
        int scaleAndMin = stored[from + sub];
        float scale = d * (scaleAndMin & 0xf);
        float min = dMin * ((scaleAndMin >> 4) & 0xf);
        int bytes = from + 16 + twoBitByte(sub);
        int shift = twoBitShift(sub);
        for (int i = 0; i < 16; i++) {
          into[at + 16 * sub + i] = scale * ((stored[bytes + i] >> shift) & 3) - min;
        }
      }
    }
  }

  /**
   * Q3_K: 32 bytes of third bits, 64 bytes of low bits as in Q2_K, 12 bytes of 6-bit scales, d;
   * sub-blocks of 16. A third bit that is set adds 4 to an element that is otherwise 4 too small.
   */
  static void q3(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 110, at += ELEMENTS) {
      float d = half(stored, from + 108);
      for (int sub = 0; sub < 16; sub++) {
        float scale = d * (sixBitScale(stored, from + 96, sub) - 32);
        int low = from + 32 + twoBitByte(sub);
        int high = from + 16 * (sub % 2);
        int shift = twoBitShift(sub);
        int highShift = sub / 2;
        for (int i = 0; i < 16; i++) {
          int third = (stored[high + i] >> highShift) & 1;
          into[at + 16 * sub + i] = scale * (((stored[low + i] >> shift) & 3) - 4 + 4 * third);
        }
      }
    }
  }

  /** Q4_K: d, dMin, 12 bytes of 6-bit scales and minimums, 128 bytes of nibbles. */
  static void q4(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 144, at += ELEMENTS) {
      float d = half(stored, from);
      float dMin = half(stored, from + 2);
      for (int sub = 0; sub < 8; sub++) {
        float scale = d * scaleOf8(stored, from + 4, sub);
        float min = dMin * minOf8(stored, from + 4, sub);
        int bytes = from + 16 + 32 * (sub / 2);
        int shift = 4 * (sub % 2);
        for (int i = 0; i < 32; i++) {
          into[at + 32 * sub + i] = scale * ((stored[bytes + i] >> shift) & 0xf) - min;
        }
      }
    }
  }

  /** Q5_K: as Q4_K, with 32 bytes of fifth bits before the nibbles, one bit a sub-block. */
  static void q5(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 176, at += ELEMENTS) {
      float d = half(stored, from);
      float dMin = half(stored, from + 2);
      for (int sub = 0; sub < 8; sub++) {
        float scale = d * scaleOf8(stored, from + 4, sub);
        float min = dMin * minOf8(stored, from + 4, sub);
        int bytes = from + 48 + 32 * (sub / 2);
        int shift = 4 * (sub % 2);
        for (int i = 0; i < 32; i++) {
          int fifth = (stored[from + 16 + i] >> sub) & 1;
          int q = ((stored[bytes + i] >> shift) & 0xf) | (fifth << 4);
          into[at + 32 * sub + i] = scale * q - min;
        }
      }
    }
  }

  /**
   * Q6_K: 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, d. Each half of
   * the super-block has 64 bytes of nibbles (low nibbles first) and 32 bytes of pairs.
   */
  static void q6(byte[] stored, int from, int groups, float[] into, int at) {
    for (int g = 0; g < groups; g++, from += 210, at += ELEMENTS) {
      float d = half(stored, from + 208);
      for (int sub = 0; sub < 16; sub++) {
        float scale = d * stored[from + 192 + sub];
        int inHalf = sub % 8;
        int low = from + 64 * (sub / 8) + 16 * (inHalf % 4);
        int lowShift = 4 * (inHalf / 4);
        int high = from + 128 + 32 * (sub / 8) + 16 * (inHalf % 2);
        int highShift = 2 * (inHalf / 2);
        for (int i = 0; i < 16; i++) {
          int q =
              ((stored[low + i] >> lowShift) & 0xf) | (((stored[high + i] >> highShift) & 3) << 4);
          into[at + 16 * sub + i] = scale * (q - 32);
        }
      }
    }
  }

  /** First byte of a sub-block's 2-bit elements: 128 elements to 32 bytes. */
  private static int twoBitByte(int sub) {
    return 32 * (sub / 8) + 16 * (sub % 2);
  }

  private static int twoBitShift(int sub) {
    return 2 * (sub / 2 % 4);
  }

  /** Q3_K's scales: eight bytes of low nibbles, then four of high pairs. */
  private static int sixBitScale(byte[] stored, int from, int sub) {
    int low = stored[from + sub % 8] >> (4 * (sub / 8));
    int high = stored[from + 8 + sub % 4] >> (2 * (sub / 4));
    return (low & 0xf) | ((high & 3) << 4);
  }

  /**
   * Q4_K's and Q5_K's eight scales: four in six bits of bytes 0-3, four in the low nibbles of bytes
   * 8-11 with their high pairs atop bytes 0-3.
   */
  private static int scaleOf8(byte[] stored, int from, int sub) {
    return sub < 4
        ? stored[from + sub] & 0x3f
        : (stored[from + 4 + sub] & 0xf) | ((stored[from + sub - 4] >> 2) & 0x30);
  }

  /** The minimums: likewise in bytes 4-7 and the high nibbles of bytes 8-11. */
  private static int minOf8(byte[] stored, int from, int sub) {
    return sub < 4
        ? stored[from + 4 + sub] & 0x3f
        : ((stored[from + 4 + sub] >> 4) & 0xf) | ((stored[from + sub] >> 2) & 0x30);
  }
}
