package dev.quern.engine.model;

/**
 * A pass ended early because its {@link PassGuard} said so. Its keys and values may be in the cache
 * for some layers and not for others; computing the same tokens again overwrites them.
 */
public final class PassAbandonedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Without a stack: it is the guard's doing and happens often. */
  public PassAbandonedException() {
    super("the pass was abandoned", null, false, false);
  }
}
