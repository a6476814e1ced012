package dev.quern.engine.generate;

/** Why a sequence ended. */
public enum FinishReason {
  /** A stop token was sampled, or the text layer found a stop string. */
  STOP,
  /** max_tokens or the context's end was reached. */
  LENGTH,
  /** Cancelled: the client left or the caller asked. */
  CANCELLED
}
