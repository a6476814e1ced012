package dev.quern.engine.tensor.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.engine.tensor.LogitChanges;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogitEntriesTest {
  private static final int[] NONE = {};
  private static final int FORBIDDEN = Float.floatToRawIntBits(Float.NEGATIVE_INFINITY);

  private final LogitEntries entries = new LogitEntries();

  @Test
  void whatIsSaidOfATokenTwiceIsOneEntry() {
    entries.reach(100);
    entries.add(
        new LogitChanges(
            NONE,
            new int[] {7, 8},
            new int[] {8, 9},
            new float[] {1, 2},
            new LogitChanges.Penalties(new int[] {9, 10}, new int[] {3, 0}, 1.5f, 1, 1)));
    int[] expected = {7, 8, 9, 10, -1, -1, 3, 0, FORBIDDEN, FORBIDDEN, bits(2), 0};
    assertArrayEquals(expected, packed());
  }

  @Test
  void whereSomeAreAllowedOthersHaveNoEntries() {
    entries.reach(100);
    entries.add(
        new LogitChanges(
            new int[] {4, 5},
            NONE,
            new int[] {5, 6},
            new float[] {1, 2},
            new LogitChanges.Penalties(new int[] {4, 9}, new int[] {3, 1}, 1.5f, 1, 1)));
    assertArrayEquals(new int[] {4, 5, 3, -1, 0, bits(1)}, packed());
  }

  /** More entries than the lists begin with; each row begins anew. */
  @Test
  void listsGrow() {
    entries.reach(1000);
    int[] all = IntStream.range(0, 1000).toArray();
    int[] counts = IntStream.range(0, 1000).map(id -> id % 7).toArray();
    float[] biases = new float[1000];
    Arrays.fill(biases, 2);
    LogitChanges changes =
        new LogitChanges(
            NONE, NONE, all, biases, new LogitChanges.Penalties(all, counts, 1.5f, 1, 1));
    entries.add(changes);
    assertEquals(1000, entries.size());
    entries.add(changes);
    int[] packed = packed();
    for (int i = 0; i < 2000; i++) {
      assertEquals(i % 1000, packed[i]);
      assertEquals(i % 1000 % 7, packed[2000 + i]);
      assertEquals(bits(2), packed[4000 + i]);
    }
    entries.clear();
    entries.add(new LogitChanges(NONE, all, NONE, new float[0], LogitChanges.Penalties.NONE));
    packed = packed();
    for (int i = 0; i < 1000; i++) {
      assertEquals(-1, packed[1000 + i]);
      assertEquals(FORBIDDEN, packed[2000 + i]);
    }
  }

  private int[] packed() {
    int[] packed = new int[3 * entries.size()];
    entries.copyTo(packed, 0);
    return packed;
  }

  private static int bits(float value) {
    return Float.floatToRawIntBits(value);
  }
}
