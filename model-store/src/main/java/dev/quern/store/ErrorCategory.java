package dev.quern.store;

/**
 * What kind of failure an error is, for whoever has to answer it: the HTTP layer maps each category
 * to one status, the command line to one exit code.
 */
public enum ErrorCategory {
  /** The caller sent something that can never work; sending it again is no use. */
  BAD_REQUEST,
  /** A model, file or route that does not exist. */
  NOT_FOUND,
  /** A bounded queue is full; the same request may work later. */
  OVERLOADED,
  /** It does not fit the memory it was given. */
  OUT_OF_MEMORY,
  /** The part that should answer is not there now: still loading, draining, failed or offline. */
  UNAVAILABLE,
  /** A fault of Quern or of the machine. */
  INTERNAL
}
