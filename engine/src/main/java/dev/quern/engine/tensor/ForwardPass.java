package dev.quern.engine.tensor;

/**
 * One pass of a model over a batch that is on the device. A model has one object of it as long as
 * it lives: {@link Backend#run} may remember by it what the pass asked for.
 */
@FunctionalInterface
public interface ForwardPass {
  /**
   * Asks the backend for the operations of the pass. What it asks for may depend on nothing but the
   * batch's sizes: tokens, sequences, wanted rows.
   *
   * @return the logits {@code [logitRows, vocabularySize]}
   */
  Tensor forward(DeviceBatch batch, KvCache cache);
}
