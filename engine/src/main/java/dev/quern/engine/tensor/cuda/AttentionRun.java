package dev.quern.engine.tensor.cuda;

import dev.quern.engine.tensor.ForwardBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Neighbouring sequences of a batch that one launch of attention serves: all decode one token, or
 * all prefill several.
 *
 * @param rows query tokens from {@code firstRow} on
 */
record AttentionRun(
    boolean decode,
    int firstSequence,
    int sequences,
    int firstRow,
    int rows,
    int longestQuery,
    int longestContext) {

  /** The batch's runs; few, because a scheduler puts what decodes together. */
  static List<AttentionRun> of(ForwardBatch batch) {
    List<AttentionRun> runs = new ArrayList<>();
    int first = 0;
    for (int end = 1; end <= batch.sequences(); end++) {
      if (end == batch.sequences() || decodes(batch, end) != decodes(batch, first)) {
        runs.add(of(batch, first, end, decodes(batch, first)));
        first = end;
      }
    }
    return runs;
  }

  /** All sequences as one run in which every token is a row of its own. */
  static AttentionRun ofSingleTokens(ForwardBatch batch) {
    return of(batch, 0, batch.sequences(), /* decode= */ true);
  }

  /** The same, made for contexts of up to {@code longest} tokens. */
  AttentionRun withLongestContext(int longest) {
    return new AttentionRun(
        decode, firstSequence, sequences, firstRow, rows, longestQuery, longest);
  }

  private static AttentionRun of(ForwardBatch batch, int first, int end, boolean decode) {
    int[] starts = batch.queryStarts();
    int longestQuery = 0;
    int longestContext = 0;
    for (int s = first; s < end; s++) {
      longestQuery = Math.max(longestQuery, starts[s + 1] - starts[s]);
      longestContext = Math.max(longestContext, batch.contextLengths()[s]);
    }
    return new AttentionRun(
        decode,
        first,
        end - first,
        starts[first],
        starts[end] - starts[first],
        longestQuery,
        longestContext);
  }

  private static boolean decodes(ForwardBatch batch, int sequence) {
    return batch.queryStarts()[sequence + 1] - batch.queryStarts()[sequence] == 1;
  }
}
