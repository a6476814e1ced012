package dev.quern.engine.tensor;

/**
 * The outcome of {@link Backend#draw}, which may still be on its way. It outlives the step's
 * workspace. Of one model at most two are open at a time; closed after a step that names its tokens
 * has been queued, or when none will. Used on the device's thread alone.
 */
public interface DrawnTokens extends AutoCloseable {
  /** The row held NaN, or its largest logit was infinite. */
  int NOT_NUMBERS = -1;

  /** The changes to the row's logits left no token to choose. */
  int NOTHING_LEFT = -2;

  /**
   * The token of each row: what was drawn, or {@link #NOT_NUMBERS} or {@link #NOTHING_LEFT}; the
   * known token where the row was scored. Waits for the step, also where it has no rows.
   *
   * @throws dev.quern.store.QuernException when the step failed on the device
   */
  int[] ids();

  /** Waits likewise; of a row with a token that log-probabilities were wanted of. */
  TokenScores scores(int row);

  @Override
  void close();
}
