package dev.quern.engine.tensor;

/**
 * The tokens of one step, packed without padding: sequence {@code s} owns tokens {@code
 * [queryStarts[s], queryStarts[s + 1])}, its last ones in the context. Prefill chunks and single
 * decode tokens mix freely.
 *
 * @param tokenIds {@code [tokens]}
 * @param positions {@code [tokens]} place of each token in its sequence, from 0
 * @param slots {@code [tokens]} where in the KV cache each token's key and value go
 * @param queryStarts {@code [sequences + 1]} ascending, first 0, last the number of tokens
 * @param contextLengths {@code [sequences]} tokens of the sequence in the cache once this step's
 *     are written
 * @param blockTables {@code [sequences][>= ceil(contextLength / blockSize)]} block of each stretch
 *     of the context
 * @param logitRows ascending token rows whose logits are wanted; may be empty
 */
public record ForwardBatch(
    int[] tokenIds,
    int[] positions,
    int[] slots,
    int[] queryStarts,
    int[] contextLengths,
    int[][] blockTables,
    int[] logitRows) {
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
