package dev.quern.store.cache;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * A file of a snapshot.
 *
 * @param path relative to the snapshot, with {@code /} between segments
 * @param location in the snapshot: a link to a blob, or the file itself
 * @param blob the name of the blob that holds the content; empty where the file leads to none
 * @param bytes 0 if it is absent
 * @param absent whether the link leads to nothing
 * @param lastUsed the latest access that the file system has recorded
 */
public record CachedFile(
    String path,
    Path location,
    Optional<String> blob,
    long bytes,
    boolean absent,
    Instant lastUsed) {}
