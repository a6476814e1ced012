package dev.quern.engine.generate;

import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.ForwardBatch;
import java.util.List;

/**
 * A plan as the backend is given it.
 *
 * @param draws what is wanted of each of the batch's logit rows
 * @param rows whose they are, for each chunk of the plan
 */
record StepInput(ForwardBatch batch, Draws draws, List<LogitRows> rows) {}
