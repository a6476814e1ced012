package dev.quern.supplier.cli;

import dev.quern.store.CheckpointSummary;
import dev.quern.store.StoredType;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What serving a model takes: its weights, and the keys and values of so many sequences of so many
 * tokens. Activations come on top; they are small beside both.
 *
 * @param context tokens of each sequence
 * @param batch sequences at a time
 */
record MemoryNeed(long context, long batch, long weightBytes, long kvCacheBytes) {
  /** The engine keeps keys and values in blocks of so many tokens. */
  private static final long BLOCK_TOKENS = 16;

  private static final Set<StoredType> COMPUTED =
      Set.of(StoredType.F32, StoredType.BF16, StoredType.F16);

  /**
   * The need of a checkpoint.
   *
   * @param context asked for; otherwise the model's own, or one token where it has none
   */
  static MemoryNeed of(CheckpointSummary summary, Optional<Integer> context, int batch) {
    OptionalLong own = summary.contextLength();
    long tokens = context.map(Integer::longValue).orElseGet(() -> own.orElse(1));
    long blocks = (tokens + BLOCK_TOKENS - 1) / BLOCK_TOKENS;
    long kvBytes = summary.kvBytesPerToken().orElse(0);
    return new MemoryNeed(
        tokens,
        batch,
        weightBytes(summary.types()),
        saturatedProduct(saturatedProduct(kvBytes, blocks * BLOCK_TOKENS), batch));
  }

  /** In memory: what no device computes with as it is stored becomes two bytes an element. */
  private static long weightBytes(Map<StoredType, Long> types) {
    long bytes = 0;
    for (Map.Entry<StoredType, Long> type : types.entrySet()) {
      boolean asStored = COMPUTED.contains(type.getKey());
      bytes += type.getValue() * (asStored ? type.getKey().bytes() : Short.BYTES);
    }
    return bytes;
  }

  long totalBytes() {
    long total = weightBytes + kvCacheBytes;
    return total < 0 ? Long.MAX_VALUE : total;
  }

  private static long saturatedProduct(long a, long b) {
    return Math.multiplyHigh(a, b) == 0 && a * b >= 0 ? a * b : Long.MAX_VALUE;
  }
}
