package dev.quern.engine.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The KV blocks of one sequence, in the order of its context. */
final class BlockTable {
  private int[] blocks = new int[8];
  private int size;

  /** Hashes of the sequence's full blocks as far as they were needed; they outlive the blocks. */
  final List<BlockHash> hashes = new ArrayList<>();

  /** Leading blocks whose content is computed and known to the prefix cache. */
  int committed;

  /** Free blocks from the last one up to here are kept for this sequence as long as possible. */
  int reservedEnd;

  int size() {
    return size;
  }

  int block(int index) {
    return blocks[index];
  }

  /** The last block, or -1. */
  int last() {
    return size == 0 ? -1 : blocks[size - 1];
  }

  /** The blocks themselves, at least {@link #size()} long; read only. */
  int[] array() {
    return blocks;
  }

  void add(int block) {
    if (size == blocks.length) {
      blocks = Arrays.copyOf(blocks, size * 2);
    }
    blocks[size++] = block;
  }

  void clear() {
    size = 0;
    committed = 0;
    reservedEnd = 0;
  }
}
