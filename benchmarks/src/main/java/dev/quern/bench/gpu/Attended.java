package dev.quern.bench.gpu;

import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.AttentionKernels;
import dev.quern.cuda.kernel.CacheLayout;
import dev.quern.cuda.kernel.ElementType;
import java.util.stream.IntStream;

/**
 * Attention of a Llama-3.1-8B layer in bf16 over sequences of equal length, and what it needs.
 *
 * @param sequences how many
 * @param rowsEach query tokens of each sequence, its last
 * @param length tokens of each sequence in the cache
 */
record Attended(int sequences, int rowsEach, int length) {
  private static final ElementType TYPE = ElementType.BF16;
  private static final int QUERY_HEADS = 32;
  private static final int KV_HEADS = 8;
  private static final int HEAD_DIM = 128;
  private static final int BLOCK_SIZE = 16;
  private static final int MOST_SPLITS = 64;

  int rows() {
    return sequences * rowsEach;
  }

  long queryBytes() {
    return (long) rows() * QUERY_HEADS * HEAD_DIM * TYPE.bytes();
  }

  /** Of keys and values. */
  long cacheBytes() {
    return 2L * blocks() * BLOCK_SIZE * KV_HEADS * HEAD_DIM * TYPE.bytes();
  }

  /** Everything but the cache, room for the most splits included. */
  long bytes() {
    long splits =
        rowsEach > 1
            ? 0
            : AttentionKernels.splitWeightBytes(rows(), QUERY_HEADS, MOST_SPLITS)
                + AttentionKernels.splitSumBytes(rows(), QUERY_HEADS, MOST_SPLITS, HEAD_DIM);
    return 2 * queryBytes() + splits + 64L * (blocks() + rows()) + 4096;
  }

  /** Of both products, over the whole context. */
  double flops() {
    return 4.0 * rows() * length * QUERY_HEADS * HEAD_DIM;
  }

  CacheLayout cache(DeviceArena arena) {
    return new CacheLayout(
        arena.take(cacheBytes() / 2),
        arena.take(cacheBytes() / 2),
        QUERY_HEADS,
        KV_HEADS,
        HEAD_DIM,
        blocks(),
        BLOCK_SIZE);
  }

  AttentionKernels.BlockTables tables(KernelSpeed speed, DeviceArena arena) {
    int[] entries = IntStream.range(0, blocks()).toArray();
    return new AttentionKernels.BlockTables(speed.upload(arena, entries), blocks() / sequences);
  }

  AttentionKernels.SplitRoom splitRoom(DeviceArena arena, int splits) {
    DeviceBuffer weights =
        arena.take(AttentionKernels.splitWeightBytes(rows(), QUERY_HEADS, splits));
    DeviceBuffer sums =
        arena.take(AttentionKernels.splitSumBytes(rows(), QUERY_HEADS, splits, HEAD_DIM));
    DeviceBuffer tickets = arena.take(AttentionKernels.splitTicketBytes(rows(), QUERY_HEADS));
    return new AttentionKernels.SplitRoom(weights, sums, tickets);
  }

  private int blocks() {
    return sequences * ((length + BLOCK_SIZE - 1) / BLOCK_SIZE);
  }
}
