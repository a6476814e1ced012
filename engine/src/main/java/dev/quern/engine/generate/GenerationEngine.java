package dev.quern.engine.generate;

/** One model's queue, scheduler and step loop. Safe for use by any thread. */
public interface GenerationEngine extends AutoCloseable {
  /**
   * Queues a request.
   *
   * @throws dev.quern.store.QuernException OVERLOADED when the waiting queue is full, BAD_REQUEST
   *     when prompt and max tokens exceed the context or a token id is outside the vocabulary,
   *     UNAVAILABLE when draining or closed
   */
  GenerationHandle submit(GenerationRequest request, GenerationListener listener);

  EngineSnapshot snapshot();

  /** Most tokens of prompt and output together. */
  int maxModelLength();

  int vocabularySize();

  /** Tells {@code listener} of every step from now on; an engine without steps never calls it. */
  default void addStepListener(StepListener listener) {}

  /** What relays may take from now on; everything unless told. */
  void relayShare(RelayShare share);

  /**
   * Fails what waits, lets running requests finish for at most {@code millis}, then cancels them.
   */
  void drain(long millis);

  @Override
  void close();
}
