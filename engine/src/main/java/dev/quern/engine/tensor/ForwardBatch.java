package dev.quern.engine.tensor;

import org.jspecify.annotations.Nullable;

/**
 * The tokens of one step, packed without padding: sequence {@code s} owns tokens {@code
 * [queryStarts[s], queryStarts[s + 1])}, its last ones in the context. Prefill chunks and single
 * decode tokens mix freely. A backend reads the arrays while it is called and not later.
 *
 * @param tokenIds {@code [tokens]}; {@code -(row + 1)} is the token of that row of {@code drawn};
 *     where that row has none, any token or an embedding of zeros
 * @param positions {@code [tokens]} place of each token in its sequence, from 0
 * @param slots {@code [tokens]} where in the KV cache each token's key and value go
 * @param queryStarts {@code [sequences + 1]} ascending, first 0, last the number of tokens
 * @param contextLengths {@code [sequences]} tokens of the sequence in the cache once this step's
 *     are written
 * @param blockTables {@code [sequences][>= ceil(contextLength / blockSize)]} block of each stretch
 *     of the context
 * @param logitRows ascending token rows whose logits are wanted; may be empty
 * @param drawn tokens of the model's step before, which need not be known yet; null: all ids are.
 *     Only for backends that {@link Backend#drawsAhead}
 */
public record ForwardBatch(
    int[] tokenIds,
    int[] positions,
    int[] slots,
    int[] queryStarts,
    int[] contextLengths,
    int[][] blockTables,
    int[] logitRows,
    @Nullable DrawnTokens drawn) {
  /** A batch of known tokens. */
  public ForwardBatch(
      int[] tokenIds,
      int[] positions,
      int[] slots,
      int[] queryStarts,
      int[] contextLengths,
      int[][] blockTables,
      int[] logitRows) {
    this(tokenIds, positions, slots, queryStarts, contextLengths, blockTables, logitRows, null);
  }

  public ForwardBatch {
    int tokens = tokenIds.length;
    int sequences = contextLengths.length;
    if (tokens == 0
        || positions.length != tokens
        || slots.length != tokens
        || queryStarts.length != sequences + 1
        || blockTables.length != sequences
        || queryStarts[0] != 0
        || queryStarts[sequences] != tokens) {
      throw new IllegalArgumentException(
          "inconsistent batch of " + tokens + " tokens in " + sequences + " sequences");
    }
  }

  public int tokens() {
    return tokenIds.length;
  }

  public int sequences() {
    return contextLengths.length;
  }
}
