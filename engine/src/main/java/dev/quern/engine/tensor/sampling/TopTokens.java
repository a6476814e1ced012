package dev.quern.engine.tensor.sampling;

import java.util.Arrays;

/**
 * Selects the largest entries of a row without sorting it all. Ties go to the lower token id, so
 * that the result is a function of the values alone. Reused; not safe for threads.
 *
 * <p>Each entry is one sortable {@code long}: the value's bits in ascending order above, the
 * inverted id below. Candidates above the best {@code k}-th so far are collected to twice {@code k}
 * and then cut by quickselect: linear time whatever {@code k} is.
 */
final class TopTokens {
  private long[] keys = new long[128];
  private int count;

  /**
   * Selects the {@code k} largest of {@code values[offset, offset + length)} that are at least
   * {@code floor}, negative infinity never.
   *
   * @return how many there are
   */
  int select(float[] values, int offset, int length, float floor, int k) {
    int wanted = Math.min(k, length);
    int capacity = (int) Math.min(length, 2L * wanted);
    if (keys.length < capacity) {
      keys = new long[capacity];
    }
    count = 0;
    float lowest = Math.max(floor, -Float.MAX_VALUE);
    long bound = Long.MIN_VALUE;
    for (int id = 0; id < length; id++) {
      float value = values[offset + id];
      if (!(value >= lowest)) {
        continue;
      }
      long key = key(value, id);
      if (key <= bound) {
        continue;
      }
      if (count == capacity) {
        keepLargest(wanted);
        bound = keys[0];
        for (int i = 1; i < count; i++) {
          bound = Math.min(bound, keys[i]);
        }
        lowest = value(bound);
        if (key <= bound) {
          continue;
        }
      }
      keys[count++] = key;
    }
    if (count > wanted) {
      keepLargest(wanted);
    }
    Arrays.sort(keys, 0, count);
    return count;
  }

  /** The token at a place of the last selection, 0 being the largest. */
  int id(int place) {
    return ~(int) keys[count - 1 - place];
  }

  /** Its value. */
  float value(int place) {
    return value(keys[count - 1 - place]);
  }

  private void keepLargest(int wanted) {
    int low = 0;
    int high = count - 1;
    int target = count - wanted;
    // Hoare's quickselect: the largest end up behind the target.
    while (low < high) {
      long pivot = median(keys[low], keys[(low + high) >>> 1], keys[high]);
      int i = low;
      int j = high;
      while (i <= j) {
        while (keys[i] < pivot) {
          i++;
        }
        while (keys[j] > pivot) {
          j--;
        }
        if (i <= j) {
          long swap = keys[i];
          keys[i++] = keys[j];
          keys[j--] = swap;
        }
      }
      if (target <= j) {
        high = j;
      } else if (target >= i) {
        low = i;
      } else {
        break;
      }
    }
    System.arraycopy(keys, target, keys, 0, wanted);
    count = wanted;
  }

  private static long median(long a, long b, long c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }

  private static long key(float value, int id) {
    // Adding zero turns -0 into +0: equal values must have equal bits.
    int bits = Float.floatToRawIntBits(value + 0.0f);
    int sortable = bits >= 0 ? bits : bits ^ 0x7fffffff;
    return ((long) sortable << 32) | (~id & 0xffffffffL);
  }

  private static float value(long key) {
    int sortable = (int) (key >> 32);
    return Float.intBitsToFloat(sortable >= 0 ? sortable : sortable ^ 0x7fffffff);
  }
}
