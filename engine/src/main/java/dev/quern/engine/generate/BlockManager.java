package dev.quern.engine.generate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who holds which block of the paged KV cache, and which blocks hold a known prefix
 * (PagedAttention, arXiv 2309.06180, with prefix caching by chained block hashes).
 *
 * <p>A block is held by as many sequences as its reference count says; at zero it is free but keeps
 * its hash until it is reused, so that eviction is nothing but the order of the free list. Only
 * full computed blocks are shared, and a sequence writes only behind them, so no block is ever
 * copied.
 *
 * <p>What one of the operator's own requests has computed or used again goes last: relays reuse
 * each other's blocks, and blank ones, as long as one of these is free.
 *
 * <p>A sequence grows into the block behind its last one where that is free, and a new run reserves
 * the stretch before it softly: a context in adjacent blocks can be read in place. Blocks of one
 * sequence are freed in ascending order, so that an old stretch is reused as a stretch.
 */
final class BlockManager {
  /** Tokens of a block. */
  static final int BLOCK_SIZE = 16;

  /** An unused rest of a stretch shorter than this is no good place to start a new one. */
  private static final int SHORTEST_STRETCH = 8;

  /** Places looked at for a new stretch; what was used least recently is still what goes. */
  private static final int START_CANDIDATES = 4;

  private final int blocks;
  private final int longestStretch;
  private final int[] references;
  private final @Nullable BlockHash[] hashes;

  /** Whether one of the operator's own requests has used the block's content. */
  private final boolean[] own;

  private final Map<BlockHash, Integer> cached = new HashMap<>();
  private final BlockHasher hasher = new BlockHasher();
  private FreeBlocks free;

  /**
   * All blocks free and blank.
   *
   * @param longestStretch most blocks that one sequence reserves ahead
   */
  BlockManager(int blocks, int longestStretch) {
    this.blocks = blocks;
    this.longestStretch = longestStretch;
    this.references = new int[blocks];
    this.hashes = new BlockHash[blocks];
    this.own = new boolean[blocks];
    this.free = new FreeBlocks(blocks);
  }

  static int blocksFor(int tokens) {
    return (tokens + BLOCK_SIZE - 1) / BLOCK_SIZE;
  }

  int blocks() {
    return blocks;
  }

  int freeBlocks() {
    return free.count();
  }

  int usedBlocks() {
    return blocks - free.count();
  }

  int references(int block) {
    return references[block];
  }

  /** Blocks, held or free, that a prefix can be found in. */
  int cachedBlocks() {
    return cached.size();
  }

  /**
   * Gives a sequence without blocks the cached part of its prefix and new blocks for the rest of
   * its tokens, all or nothing. The last token is never taken from the cache: its logits are
   * wanted.
   *
   * @param spare blocks that must stay free
   */
  boolean admit(Sequence sequence, int spare) {
    BlockTable table = sequence.blockTable();
    int hits = 0;
    int freeHits = 0;
    int limit = sequence.scoresPrompt() ? 0 : (sequence.tokenCount() - 1) / BLOCK_SIZE;
    while (hits < limit) {
      Integer block = cached.get(hash(sequence, hits));
      if (block == null) {
        break;
      }
      hits++;
      if (references[block] == 0) {
        freeHits++;
      }
    }
    int total = blocksFor(sequence.tokenCount());
    if (total - hits + freeHits + spare > free.count()) {
      return false;
    }
    for (int i = 0; i < hits; i++) {
      hold(sequence, hash(sequence, i));
    }
    table.committed = hits;
    while (table.size() < total) {
      take(sequence);
    }
    sequence.computed(hits * BLOCK_SIZE);
    return true;
  }

  /** Extends a sequence's blocks to hold {@code tokens} tokens, all or nothing. */
  boolean grow(Sequence sequence, int tokens) {
    int missing = blocksFor(tokens) - sequence.blockTable().size();
    if (missing > free.count()) {
      return false;
    }
    for (int i = 0; i < missing; i++) {
      take(sequence);
    }
    return true;
  }

  /**
   * Makes the full blocks that a sequence has computed findable as a prefix.
   *
   * @param computed leading tokens that are in the cache; they are known
   */
  void commit(Sequence sequence, int computed) {
    BlockTable table = sequence.blockTable();
    int full = computed / BLOCK_SIZE;
    for (; table.committed < full; table.committed++) {
      BlockHash hash = hash(sequence, table.committed);
      int block = table.block(table.committed);
      // Of two blocks with the same content, computed side by side, the first one is known.
      if (cached.putIfAbsent(hash, block) == null) {
        hashes[block] = hash;
      }
    }
  }

  /** Lets go of all blocks of a sequence. */
  void free(Sequence sequence) {
    BlockTable table = sequence.blockTable();
    dropReservation(table);
    for (int i = 0; i < table.size(); i++) {
      int block = table.block(i);
      if (references[block] <= 0) {
        throw new IllegalStateException("KV block " + block + " is freed twice");
      }
      if (--references[block] == 0) {
        free.addLast(block, own[block]);
      }
    }
    table.clear();
  }

  /** Forgets all content; no sequence may hold a block any more. */
  void reset() {
    if (usedBlocks() != 0) {
      throw new IllegalStateException(usedBlocks() + " KV blocks are still held");
    }
    cached.clear();
    Arrays.fill(hashes, null);
    Arrays.fill(own, false);
    free = new FreeBlocks(blocks);
  }

  private void hold(Sequence sequence, BlockHash hash) {
    Integer block = cached.get(hash);
    if (block == null) {
      throw new IllegalStateException("a cached block vanished between count and use");
    }
    if (references[block]++ == 0) {
      free.remove(block);
    }
    own[block] |= !sequence.request().isRelay();
    sequence.blockTable().add(block);
  }

  private void take(Sequence sequence) {
    BlockTable table = sequence.blockTable();
    int neighbour = table.last() + 1;
    boolean adjacent =
        neighbour > 0
            && mayTake(neighbour, sequence)
            && (neighbour < table.reservedEnd || free.isCold(neighbour));
    if (adjacent) {
      table.add(blank(neighbour, sequence));
      return;
    }
    dropReservation(table);
    int wanted = Math.min(longestStretch, blocksFor(sequence.longestLength()) - table.size());
    int start = findStart(sequence, wanted);
    table.add(blank(start, sequence));
    reserve(sequence, start + 1, start + wanted);
  }

  /** Whether a block is free, and not an own one that a relay need not take. */
  private boolean mayTake(int block, Sequence sequence) {
    return free.contains(block) && !(sequence.request().isRelay() && free.isProtected(block));
  }

  /** Takes a free block into use for a sequence and forgets its content. */
  private int blank(int block, Sequence sequence) {
    free.remove(block);
    BlockHash hash = hashes[block];
    if (hash != null) {
      cached.remove(hash);
      hashes[block] = null;
    }
    own[block] = !sequence.request().isRelay();
    references[block] = 1;
    return block;
  }

  /** Among the least recently used blocks one with a long cold stretch behind it. */
  private int findStart(Sequence sequence, int wanted) {
    int best = free.first();
    int longest = 0;
    int candidate = best;
    for (int i = 0; i < START_CANDIDATES && candidate >= 0 && longest < wanted; i++) {
      int length = coldStretch(sequence, candidate, candidate + wanted);
      if (length > longest) {
        longest = length;
        best = candidate;
      }
      // The rest of a stretch mostly follows in the list: look behind it.
      for (int skip = 0; skip < Math.max(1, length) && candidate >= 0; skip++) {
        candidate = free.after(candidate);
      }
    }
    return best;
  }

  private int coldStretch(Sequence sequence, int start, int limit) {
    int end = start;
    while (end < limit && mayTake(end, sequence) && free.isCold(end)) {
      end++;
    }
    return end - start;
  }

  /**
   * Moves the free cold blocks from {@code start} on to the recent end of the free list, those for
   * one of the operator's own requests behind all that relays leave.
   */
  private void reserve(Sequence sequence, int start, int limit) {
    BlockTable table = sequence.blockTable();
    table.reservedEnd = start + coldStretch(sequence, start, limit);
    for (int block = start; block < table.reservedEnd; block++) {
      free.remove(block);
      free.addLast(block, own[block] || !sequence.request().isRelay());
    }
  }

  /** Offers the unused rest of a stretch first. */
  private void dropReservation(BlockTable table) {
    int start = table.last() + 1;
    if (start > 0 && table.reservedEnd - start >= SHORTEST_STRETCH) {
      for (int block = table.reservedEnd - 1; block >= start; block--) {
        if (free.contains(block)) {
          free.remove(block);
          free.addFirst(block, own[block]);
        }
      }
    }
    table.reservedEnd = 0;
  }

  private BlockHash hash(Sequence sequence, int index) {
    var known = sequence.blockTable().hashes;
    while (known.size() <= index) {
      int next = known.size();
      BlockHash parent =
          next == 0 ? hasher.root(sequence.request().cacheSalt()) : known.get(next - 1);
      known.add(hasher.next(parent, sequence.tokens(), next * BLOCK_SIZE));
    }
    return known.get(index);
  }
}
