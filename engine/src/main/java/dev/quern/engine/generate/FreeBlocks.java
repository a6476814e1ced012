package dev.quern.engine.generate;

import java.util.Arrays;

/**
 * The free KV blocks in the order of their reuse: spare ones first, then kept ones, each least
 * recently used first. Two doubly linked lists threaded through arrays, so that any block, a
 * neighbour say, is taken out of the middle in constant time.
 */
final class FreeBlocks {
  private static final int SPARE = 0;
  private static final int KEPT = 1;

  /** Before any clock reading: a block that was never used is always cold. */
  private static final long NEVER = -(1L << 60);

  private static final int NONE = -1;

  private final int[] previous;
  private final int[] next;
  private final boolean[] listed;

  /** {@link #SPARE} or {@link #KEPT}: the list that a free block is in. */
  private final int[] list;

  /** {@link #clock} of its list when the block was last put at the recent end. */
  private final long[] used;

  private final int[] first = {NONE, NONE};
  private final int[] last = {NONE, NONE};
  private final int[] count = {0, 0};
  private final long[] clock = {0, 0};

  /** All of {@code blocks} blocks are free and spare, in ascending order. */
  FreeBlocks(int blocks) {
    previous = new int[blocks];
    next = new int[blocks];
    listed = new boolean[blocks];
    list = new int[blocks];
    used = new long[blocks];
    for (int block = 0; block < blocks; block++) {
      addLast(block, /* kept= */ false);
    }
    Arrays.fill(used, NEVER);
  }

  int count() {
    return count[SPARE] + count[KEPT];
  }

  boolean contains(int block) {
    return block >= 0 && block < listed.length && listed[block];
  }

  /** The block to reuse first. */
  int first() {
    int block = first[SPARE] == NONE ? first[KEPT] : first[SPARE];
    if (block == NONE) {
      throw new IllegalStateException("no free KV block");
    }
    return block;
  }

  /** The block to reuse after {@code block}, or -1. */
  int after(int block) {
    return next[block] == NONE && list[block] == SPARE ? first[KEPT] : next[block];
  }

  /** Whether a free block is a kept one though spare ones are left. */
  boolean isProtected(int block) {
    return list[block] == KEPT && count[SPARE] > 0;
  }

  /**
   * Whether a free block is, roughly, in the older half of all: in the order of reuse, at most
   * {@code clock - used} blocks of its list and all kept ones behind the spare can follow it.
   */
  boolean isCold(int block) {
    int of = list[block];
    int behind = of == SPARE ? count[KEPT] : 0;
    return behind + clock[of] - used[block] > count() / 2;
  }

  /** Lists a block as the most recently used of the kept or the spare ones. */
  void addLast(int block, boolean kept) {
    int to = kept ? KEPT : SPARE;
    link(block, to, last[to], NONE);
    used[block] = ++clock[to];
  }

  /** Lists a block as the next of the kept or the spare ones to be reused. */
  void addFirst(int block, boolean kept) {
    int to = kept ? KEPT : SPARE;
    link(block, to, NONE, first[to]);
    used[block] = NEVER;
  }

  void remove(int block) {
    if (!listed[block]) {
      throw new IllegalStateException("KV block " + block + " is not free");
    }
    listed[block] = false;
    int of = list[block];
    count[of]--;
    int before = previous[block];
    int after = next[block];
    if (before == NONE) {
      first[of] = after;
    } else {
      next[before] = after;
    }
    if (after == NONE) {
      last[of] = before;
    } else {
      previous[after] = before;
    }
  }

  private void link(int block, int to, int before, int after) {
    if (listed[block]) {
      throw new IllegalStateException("KV block " + block + " is freed twice");
    }
    listed[block] = true;
    list[block] = to;
    count[to]++;
    previous[block] = before;
    next[block] = after;
    if (before == NONE) {
      first[to] = block;
    } else {
      next[before] = block;
    }
    if (after == NONE) {
      last[to] = block;
    } else {
      previous[after] = block;
    }
  }
}
