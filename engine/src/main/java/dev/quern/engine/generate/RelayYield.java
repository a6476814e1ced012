package dev.quern.engine.generate;

import dev.quern.engine.model.PassGuard;
import java.util.function.BooleanSupplier;

/**
 * Gives up a step of relays alone when one of the operator's own requests arrives while it runs, so
 * that this one waits for a layer and not for the step. What is lost is computed again later; so
 * that relays get on under any load, no more than a few steps in a row are lost.
 *
 * <p>Used on the step thread alone.
 */
final class RelayYield {
  private static final int MOST_IN_A_ROW = 3;

  private final BooleanSupplier ownRequestWaits;
  private int inARow;
  private long abandoned;

  /** Asks {@code ownRequestWaits} between layers; it must be cheap. */
  RelayYield(BooleanSupplier ownRequestWaits) {
    this.ownRequestWaits = ownRequestWaits;
  }

  /** Of the step that is about to run. */
  PassGuard guard(StepPlan plan) {
    boolean relaysAlone = plan.chunks.stream().allMatch(RelayYield::isRelay);
    return relaysAlone && inARow < MOST_IN_A_ROW
        ? () -> !ownRequestWaits.getAsBoolean()
        : PassGuard.ALWAYS;
  }

  /** A step was given up. */
  void abandoned() {
    inARow++;
    abandoned++;
  }

  /** A step has run to its end. */
  void completed(StepPlan plan) {
    if (plan.chunks.stream().anyMatch(RelayYield::isRelay)) {
      inARow = 0;
    }
  }

  /** Steps given up so far. */
  long total() {
    return abandoned;
  }

  private static boolean isRelay(Chunk chunk) {
    return chunk.sequence().request().isRelay();
  }
}
