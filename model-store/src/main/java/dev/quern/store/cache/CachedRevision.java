package dev.quern.store.cache;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A snapshot: one commit of a model, in whole or in part.
 *
 * @param refs branches and tags that point at it, in order
 * @param files in order of path
 */
public record CachedRevision(
    String commit, List<String> refs, Path folder, List<CachedFile> files) {
  private static final String DEFAULT_REF = "main";

  public CachedRevision {
    refs = List.copyOf(refs);
    files = List.copyOf(files);
  }

  /** What a person calls it: {@code main} or another ref, else the commit. */
  public String name() {
    return refs.contains(DEFAULT_REF) ? DEFAULT_REF : refs.stream().findFirst().orElse(commit);
  }

  /** Size of all files. */
  public long bytes() {
    return files.stream().mapToLong(CachedFile::bytes).sum();
  }

  /** When any of its files was used last. */
  public Instant lastUsed() {
    return files.stream()
        .map(CachedFile::lastUsed)
        .max(Comparator.naturalOrder())
        .orElse(Instant.EPOCH);
  }

  /** The blobs that its files lead to. */
  public Set<String> blobs() {
    return files.stream().flatMap(file -> file.blob().stream()).collect(Collectors.toSet());
  }
}
