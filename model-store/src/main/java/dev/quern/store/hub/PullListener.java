package dev.quern.store.hub;

import java.time.Duration;

/**
 * Follows a pull. Called from the download threads, several at once, so implementations are
 * thread-safe and quick. Calls for one file come in the order of the methods here; {@link #bytes}
 * and {@link #retrying} any number of times.
 */
public interface PullListener {
  /**
   * Work on a file begins, or begins anew: what was told of the file before no longer counts.
   *
   * @param bytesHere bytes that an earlier pull left
   */
  default void fileStarted(HubFile file, long bytesHere) {}

  /** Another process downloads this file; this one waits for it and then verifies the result. */
  default void fileWaiting(HubFile file) {}

  /**
   * {@code count} more bytes came over the network and are on disk. Negative where bytes turned out
   * bad and are to be fetched again, so that the sum with {@code bytesHere} is always what counts.
   */
  default void bytes(HubFile file, long count) {}

  /**
   * Something went wrong that may pass.
   *
   * @param attempt counts failures since the last progress, from 1
   * @param wait until the next attempt
   * @param why for a person, on one line
   */
  default void retrying(HubFile file, int attempt, Duration wait, String why) {}

  /** The whole file is on disk and its hash is the hub's. */
  default void fileVerified(HubFile file) {}

  /** All files are verified, and the snapshot is in place. */
  default void finished(PulledModel model) {}
}
