package dev.quern.store.cache;

import dev.quern.store.hub.ModelFolder;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A model in the cache.
 *
 * @param name {@code ORG/NAME}
 * @param revisions in order of commit
 * @param blobs whole ones, in order of name
 * @param partials what downloads left that are under way or were broken off
 */
public record CachedRepository(
    String name,
    ModelFolder folder,
    List<CachedRevision> revisions,
    List<StoredBlob> blobs,
    List<StoredBlob> partials) {
  public CachedRepository {
    revisions = List.copyOf(revisions);
    blobs = List.copyOf(blobs);
    partials = List.copyOf(partials);
  }

  /** The revision that a branch, a tag or a commit (at least 7 of its characters) names. */
  public Optional<CachedRevision> revision(String name) {
    Optional<CachedRevision> byRef =
        revisions.stream().filter(revision -> revision.refs().contains(name)).findFirst();
    if (byRef.isPresent()) {
      return byRef;
    }
    List<CachedRevision> byCommit =
        revisions.stream()
            .filter(
                revision ->
                    revision.commit().equals(name)
                        || (name.length() >= 7 && revision.commit().startsWith(name)))
            .toList();
    return byCommit.size() == 1 ? Optional.of(byCommit.getFirst()) : Optional.empty();
  }

  /** Blobs that the files of any revision lead to. */
  public Set<String> blobsInUse() {
    return revisions.stream()
        .flatMap(revision -> revision.blobs().stream())
        .collect(Collectors.toSet());
  }

  /** Blobs that no file leads to. */
  public List<StoredBlob> unusedBlobs() {
    Set<String> used = blobsInUse();
    return blobs.stream().filter(blob -> !used.contains(blob.name())).toList();
  }
}
