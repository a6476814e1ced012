package dev.quern.store.cache;

import java.util.Locale;

/**
 * What hashing a file of a snapshot anew came to.
 *
 * @param path relative to the snapshot
 * @param detail for a person; empty for a sound file
 */
public record FileCheck(
    CachedRepository repository,
    CachedRevision revision,
    String path,
    long bytes,
    Verdict verdict,
    String detail) {
  /** How a file is. */
  public enum Verdict {
    /** Its hash is what the hub, or the manifest of its pull, says. */
    SOUND,
    CORRUPT,
    /** It should be there and is not. */
    ABSENT,
    /** Nothing says what its hash should be. */
    UNKNOWN;

    /** For people and JSON. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Whether the model cannot be trusted because of it. */
  public boolean isBad() {
    return verdict == Verdict.CORRUPT || verdict == Verdict.ABSENT;
  }
}
