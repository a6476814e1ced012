package dev.quern.engine.generate;

/**
 * What relays may take of an engine beside the operator's own requests.
 *
 * @param share of the sequences that run together and of a step's tokens, above 0 and at most 1; an
 *     own request that arrives waits at most for a step of this size
 * @param maxWaiting relays waiting for their first step; one more is refused
 */
public record RelayShare(double share, int maxWaiting) {
  /** Everything that is idle. */
  public static final RelayShare ALL = new RelayShare(1, Integer.MAX_VALUE);

  public RelayShare {
    if (!(share > 0 && share <= 1) || maxWaiting < 1) {
      throw new IllegalArgumentException("no share of relays: " + share + ", " + maxWaiting);
    }
  }

  /** Relays that run together when {@code maxNumSequences} may. */
  int sequences(int maxNumSequences) {
    return of(maxNumSequences);
  }

  /** Tokens of relays in a step of {@code maxNumBatchedTokens}; at least one a sequence. */
  int tokens(int maxNumBatchedTokens) {
    return of(maxNumBatchedTokens);
  }

  private int of(int all) {
    return Math.max(1, (int) (share * all));
  }
}
