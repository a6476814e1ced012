package dev.quern.engine.generate;

import dev.quern.engine.model.PassGuard;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Workspace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives planned steps to the backend: the model's pass and the draw behind it. */
final class StepRunner {
  private final ResidentModel resident;
  private final BatchBuilder builder = new BatchBuilder();

  StepRunner(ResidentModel resident) {
    this.resident = resident;
  }

  /**
   * Queues a step, or runs it where the backend does not queue.
   *
   * @param before the step queued before, if it has not been read
   * @param guard may have the pass given up between layers
   * @param begin when planning began
   */
  QueuedStep queue(StepPlan plan, @Nullable QueuedStep before, PassGuard guard, long begin) {
    StepInput input = builder.build(plan, before == null ? null : before.drawn());
    long built = System.nanoTime();
    Backend backend = resident.backend();
    KvCache cache = resident.cache();
    try (Workspace _ = backend.openWorkspace()) {
      var logits = resident.model().forward(input.batch(), cache, guard);
      long ran = System.nanoTime();
      DrawnTokens drawn = backend.draw(logits, input.draws());
      var costs = new QueuedStep.Costs(built - begin, ran - built, System.nanoTime() - ran);
      return new QueuedStep(plan, input.rows(), drawn, readFirst(plan, input.rows()), costs);
    }
  }

  /**
   * Whether the host must see a step's tokens before it can plan the next one: where the backend
   * does not draw ahead, and where a sequence's next choice depends on the token drawn now. That
   * one of them may end a sequence is no reason: then its row of the next step is thrown away.
   */
  private boolean readFirst(StepPlan plan, List<LogitRows> rows) {
    if (!resident.backend().drawsAhead()) {
      return true;
    }
    for (int i = 0; i < rows.size(); i++) {
      if (rows.get(i).drawn() && plan.chunks.get(i).sequence().choices().dependOnTokens()) {
        return true;
      }
    }
    return false;
  }
}
