package dev.quern.engine.generate;

import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.Locale;

/**
 * How large a KV cache is to be, decided before any of it is taken.
 *
 * @param blocks blocks of {@link BlockManager#BLOCK_SIZE} tokens
 * @param maxModelLength most tokens of one sequence; they fit the cache
 */
record KvBudget(int blocks, int maxModelLength) {
  /** Of memory that steps and other processes take from, too. */
  static final double SHARE_OF_COMMON_MEMORY = 0.5;

  /** Of a budget that steps have had their part of. */
  static final double SHARE_OF_OWN_BUDGET = 1;

  /** A cache that holds no more than this of one sequence serves nobody. */
  private static final int SHORTEST_CONTEXT = 2 * BlockManager.BLOCK_SIZE;

  /**
   * Decides blocks and context length: never more blocks than all sequences at full length could
   * use.
   *
   * @param checkpointLength the context the checkpoint was made for
   * @param freeBytes what the device could still give
   * @param share of that which a cache takes unless told
   * @throws QuernException OUT_OF_MEMORY when one sequence of the wanted length does not fit,
   *     BAD_REQUEST when it exceeds the checkpoint's context
   */
  static KvBudget plan(
      EngineSettings settings,
      KvCacheShape shape,
      int checkpointLength,
      long freeBytes,
      double share) {
    int wantedLength = settings.maxModelLength().orElse(checkpointLength);
    if (wantedLength > checkpointLength) {
      throw QuernException.badRequest(
          "max-model-len",
          String.format(
              Locale.ROOT,
              "--max-model-len %d exceeds the %d tokens that this checkpoint was made for",
              wantedLength,
              checkpointLength));
    }
    long available = settings.kvCacheBytes().orElse((long) (freeBytes * share));
    long fitting = available / shape.bytesPerBlock();
    long sequenceBlocks = BlockManager.blocksFor(wantedLength);
    if (fitting < sequenceBlocks) {
      int fittingLength = (int) fitting * BlockManager.BLOCK_SIZE;
      int needed = settings.maxModelLength().isPresent() ? wantedLength : SHORTEST_CONTEXT;
      if (fittingLength < Math.min(needed, wantedLength)) {
        throw tooSmall(settings, shape, needed, available, fittingLength, freeBytes, share);
      }
      return new KvBudget((int) fitting, fittingLength);
    }
    long useful = sequenceBlocks * settings.maxNumSequences();
    long addressable = Integer.MAX_VALUE / BlockManager.BLOCK_SIZE;
    return new KvBudget((int) Math.min(Math.min(fitting, useful), addressable), wantedLength);
  }

  private static QuernException tooSmall(
      EngineSettings settings,
      KvCacheShape shape,
      int length,
      long available,
      int fittingLength,
      long freeBytes,
      double share) {
    String source =
        settings.kvCacheBytes().isPresent()
            ? "--kv-cache-memory gives"
            : String.format(
                Locale.ROOT, "%.0f %% of the %s free are", share * 100, mebibytes(freeBytes));
    return new QuernException(
        ErrorCategory.OUT_OF_MEMORY,
        settings.kvCacheBytes().isPresent() ? "kv-cache-memory" : null,
        String.format(
            Locale.ROOT,
            "the KV cache is too small: one request of %d tokens needs %s, but %s %s, enough for %d"
                + " tokens; raise --kv-cache-memory or lower --max-model-len",
            length,
            mebibytes(BlockManager.blocksFor(length) * shape.bytesPerBlock()),
            source,
            mebibytes(available),
            fittingLength),
        null);
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (1024.0 * 1024.0));
  }
}
