package dev.quern.store.hub;

import dev.quern.store.QuernException;

/**
 * Brings models from a hub into the cache. Thread-safe; close it to let its connections go.
 *
 * <p>A pull ends with the model complete and verified, or with an error and no snapshot of it. What
 * was fetched stays on disk, whatever ends the pull, and the next one goes on from there.
 */
public final class Hub implements AutoCloseable {
  private final HubSettings settings;

  public Hub(HubSettings settings) {
    this.settings = settings;
  }

  /** What this hub was made with. */
  public HubSettings settings() {
    return settings;
  }

  /**
   * Asks the hub what {@code reference} names now and which files it has, chooses among them and
   * looks what the cache holds already. Writes nothing.
   *
   * @throws HubException with the reason: no such model or revision, gated, offline, no connection,
   *     unsafe names, nothing to pull, ...
   */
  @SuppressWarnings("DoNotCallSuggester") // until it does its work
  public PullPlan plan(ModelReference reference, FileFilter filter) {
    throw new UnsupportedOperationException();
  }

  /**
   * Does what {@code plan} says. Blocks until the model is in place; interrupting the thread ends
   * the pull with {@link HubException.Reason#CANCELLED}.
   *
   * @param listener called from the download threads
   * @throws HubException with the reason
   * @throws QuernException if the cache holds something unreadable
   */
  @SuppressWarnings("DoNotCallSuggester") // until it does its work
  public PulledModel pull(PullPlan plan, PullListener listener) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
