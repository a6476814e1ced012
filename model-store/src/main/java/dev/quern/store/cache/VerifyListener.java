package dev.quern.store.cache;

/** Follows a verification. Called from its threads, several at once. */
public interface VerifyListener {
  /** Hashing a content begins; {@code name} is that of one of the files that lead to it. */
  void started(String name, long bytes);

  /** {@code count} more bytes are hashed. */
  void bytes(String name, long count);

  /** Hashing ended. */
  void finished(String name, long bytes, FileCheck.Verdict verdict);
}
