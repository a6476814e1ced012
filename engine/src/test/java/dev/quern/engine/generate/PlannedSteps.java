package dev.quern.engine.generate;

import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.TokenScores;
import java.util.List;

/** Steps as the scheduler sees them, without a backend behind. */
final class PlannedSteps {
  private static final QueuedStep.Costs NO_COSTS = new QueuedStep.Costs(0, 0, 0);

  private PlannedSteps() {}

  /** Tells the scheduler that a plan was queued. */
  static QueuedStep queue(Scheduler scheduler, StepPlan plan) {
    List<LogitRows> rows = plan.chunks.stream().map(PlannedSteps::rows).toList();
    scheduler.queued(plan, rows);
    return new QueuedStep(plan, rows, new Unreadable(), /* readFirst= */ false, NO_COSTS);
  }

  private static LogitRows rows(Chunk chunk) {
    Sequence sequence = chunk.sequence();
    int known = sequence.tokenCount() + sequence.unread;
    boolean drawn = chunk.end() == known && sequence.drawn() < sequence.maxTokens();
    return new LogitRows(0, 0, drawn);
  }

  /** The scheduler does not look at tokens. */
  private static final class Unreadable implements DrawnTokens {
    @Override
    public int[] ids() {
      throw new UnsupportedOperationException();
    }

    @Override
    public TokenScores scores(int row) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }
}
