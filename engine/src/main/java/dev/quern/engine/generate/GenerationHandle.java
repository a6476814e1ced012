package dev.quern.engine.generate;

/** A submitted request, to its owner. Safe for use by any thread. */
public interface GenerationHandle {
  /**
   * Ends the sequence before the next step and frees its blocks; the listener then hears {@code
   * onFinished(reason)}. Later calls do nothing.
   */
  void finish(FinishReason reason);
}
