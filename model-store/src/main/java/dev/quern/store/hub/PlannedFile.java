package dev.quern.store.hub;

/**
 * A file of a plan.
 *
 * @param bytesHere how many of its bytes are on this machine already, whole or in part
 */
public record PlannedFile(HubFile file, State state, long bytesHere) {
  /** How much of a file the cache holds. */
  public enum State {
    MISSING,
    /** An earlier pull left a part, which the next goes on from. */
    PARTIAL,
    /** All of it is in the cache, whoever put it there; a pull still verifies it. */
    PRESENT
  }

  public PlannedFile {
    if (bytesHere < 0 || bytesHere > file.size()) {
      throw new IllegalArgumentException(bytesHere + " of " + file.size() + " bytes");
    }
  }

  public long bytesToFetch() {
    return file.size() - bytesHere;
  }
}
