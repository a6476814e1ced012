package dev.quern.store.cache;

import java.nio.file.Path;
import java.time.Instant;

/**
 * A content in the cache, whole or in part.
 *
 * @param name the digest that the content has, or is to have, in the hub's word
 * @param changed when it was last written to
 */
public record StoredBlob(String name, Path file, long bytes, Instant changed) {}
