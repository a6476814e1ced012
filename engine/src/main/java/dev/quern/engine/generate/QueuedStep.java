package dev.quern.engine.generate;

import dev.quern.engine.tensor.DrawnTokens;
import java.util.List;

/**
 * A step that the backend was given and whose tokens nobody has read yet.
 *
 * @param rows of each chunk of the plan
 * @param readFirst whether its tokens must be read before the next step can be planned
 * @param costs nanoseconds so far
 */
record QueuedStep(
    StepPlan plan, List<LogitRows> rows, DrawnTokens drawn, boolean readFirst, Costs costs) {
  /** Nanoseconds of planning, of the model, and of drawing. */
  record Costs(long schedule, long run, long draw) {}
}
