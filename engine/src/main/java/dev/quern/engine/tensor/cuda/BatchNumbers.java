package dev.quern.engine.tensor.cuda;

import dev.quern.engine.tensor.ForwardBatch;

/**
 * A batch as one array of integers, so that one copy brings it to the device. Sizes:
 *
 * <pre>
 *   tokenIds [tokens], positions [tokens], slots [tokens], rowSequences [tokens], rowLengths [tokens],
 *   queryStarts [sequences + 1], contextLengths [sequences], tables [sequences, width], logitRows
 * </pre>
 *
 * @param rowSequences sequence of each token
 * @param rowLengths what each token sees: itself and all before it
 * @param width blocks of a row of the block tables, padded with block 0
 */
record BatchNumbers(ForwardBatch batch, int[] rowSequences, int[] rowLengths, int width) {
  /** With rows as wide as the widest table. */
  static BatchNumbers of(ForwardBatch batch) {
    int width = 1;
    for (int[] table : batch.blockTables()) {
      width = Math.max(width, table.length);
    }
    return of(batch, width);
  }

  /**
   * With rows of {@code width} blocks.
   *
   * @param width no less than any context needs; blocks beyond it are left out
   */
  static BatchNumbers of(ForwardBatch batch, int width) {
    int[] sequences = new int[batch.tokens()];
    int[] lengths = new int[batch.tokens()];
    for (int s = 0; s < batch.sequences(); s++) {
      int end = batch.queryStarts()[s + 1];
      for (int row = batch.queryStarts()[s]; row < end; row++) {
        sequences[row] = s;
        lengths[row] = batch.contextLengths()[s] - (end - 1 - row);
      }
    }
    return new BatchNumbers(batch, sequences, lengths, width);
  }

  int[] packed() {
    int tokens = batch.tokens();
    int sequences = batch.sequences();
    int[] all =
        new int[5 * tokens + 2 * sequences + 1 + sequences * width + batch.logitRows().length];
    int at = 0;
    for (int[] part :
        new int[][] {
          batch.tokenIds(),
          batch.positions(),
          batch.slots(),
          rowSequences,
          rowLengths,
          batch.queryStarts(),
          batch.contextLengths()
        }) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    for (int[] table : batch.blockTables()) {
      System.arraycopy(table, 0, all, at, Math.min(table.length, width));
      at += width;
    }
    System.arraycopy(batch.logitRows(), 0, all, at, batch.logitRows().length);
    return all;
  }
}
