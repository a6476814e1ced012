package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.WeightLoader;
import java.util.OptionalInt;

/**
 * What a family is given to load a checkpoint.
 *
 * @param requestedContext longest sequence the model will be given, if the caller said
 */
record FamilyContext(
    String architecture,
    ModelConfig config,
    Weights weights,
    WeightLoader loader,
    Backend backend,
    OptionalInt requestedContext) {
  /**
   * Most positions that rotary tables are made for unasked. Some checkpoints state a million, which
   * is half a gigabyte of tables.
   */
  private static final int UNASKED_CONTEXT = 131_072;

  /** The same, but for where tensors are looked for. */
  FamilyContext withWeights(Weights others) {
    return new FamilyContext(architecture, config, others, loader, backend, requestedContext);
  }

  /**
   * Longest sequence to load for: what was asked, else what the checkpoint states.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST when more was asked than its positions reach
   */
  int contextLength(DecoderConfig shape, RopeScaling scaling) {
    int stated = shape.maxPositionEmbeddings();
    int longest = scaling.longestContext(stated);
    if (requestedContext.isEmpty()) {
      return Math.min(scaling.statedContext(stated), UNASKED_CONTEXT);
    }
    int requested = requestedContext.getAsInt();
    if (requested > longest) {
      throw config.error(
          "max_position_embeddings",
          "is "
              + stated
              + ", which with its rotary scaling reaches "
              + longest
              + " tokens: a context of "
              + requested
              + " is more; ask for a shorter one");
    }
    return requested;
  }
}
