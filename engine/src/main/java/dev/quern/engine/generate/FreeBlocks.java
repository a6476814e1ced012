package dev.quern.engine.generate;

import java.util.Arrays;

/**
 * The free KV blocks, least recently used first: a doubly linked list threaded through arrays, so
 * that any block, a neighbour say, is taken out of the middle in constant time.
 */
final class FreeBlocks {
  /** Before any clock reading: a block that was never used is always cold. */
  private static final long NEVER = -(1L << 60);

  private static final int NONE = -1;

  private final int[] previous;
  private final int[] next;
  private final boolean[] listed;

  /** {@link #clock} when the block was last put at the recent end. */
  private final long[] used;

  private int first = NONE;
  private int last = NONE;
  private int count;
  private long clock;

  /** All of {@code blocks} blocks are free, in ascending order. */
  FreeBlocks(int blocks) {
    previous = new int[blocks];
    next = new int[blocks];
    listed = new boolean[blocks];
    used = new long[blocks];
    for (int block = 0; block < blocks; block++) {
      addLast(block);
    }
    Arrays.fill(used, NEVER);
  }

  int count() {
    return count;
  }

  boolean contains(int block) {
    return block >= 0 && block < listed.length && listed[block];
  }

  /** The block to reuse first. */
  int first() {
    if (first == NONE) {
      throw new IllegalStateException("no free KV block");
    }
    return first;
  }

  /** The block to reuse after {@code block}, or -1. */
  int after(int block) {
    return next[block];
  }

  /**
   * Whether a free block is, roughly, in the older half of the list. At most {@code clock - used}
   * blocks can have been listed after it.
   */
  boolean isCold(int block) {
    return clock - used[block] > count / 2;
  }

  /** Lists a block as the most recently used. */
  void addLast(int block) {
    link(block, last, NONE);
    used[block] = ++clock;
  }

  /** Lists a block as the next to be reused. */
  void addFirst(int block) {
    link(block, NONE, first);
    used[block] = NEVER;
  }

  void remove(int block) {
    if (!listed[block]) {
      throw new IllegalStateException("KV block " + block + " is not free");
    }
    listed[block] = false;
    count--;
    int before = previous[block];
    int after = next[block];
    if (before == NONE) {
      first = after;
    } else {
      next[before] = after;
    }
    if (after == NONE) {
      last = before;
    } else {
      previous[after] = before;
    }
  }

  private void link(int block, int before, int after) {
    if (listed[block]) {
      throw new IllegalStateException("KV block " + block + " is freed twice");
    }
    listed[block] = true;
    count++;
    previous[block] = before;
    next[block] = after;
    if (before == NONE) {
      first = block;
    } else {
      next[before] = block;
    }
    if (after == NONE) {
      last = block;
    } else {
      previous[after] = block;
    }
  }
}
