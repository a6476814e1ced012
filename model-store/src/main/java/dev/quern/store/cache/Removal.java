package dev.quern.store.cache;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.hub.BlobLock;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.store.hub.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Takes revisions of a model out of the cache, and with them the blobs that no other revision uses.
 *
 * <p>A snapshot vanishes at once, before anything it needs: whatever ends the removal early, no
 * revision is left that looks whole and is not, and {@link Pruning} frees the rest.
 */
public final class Removal {
  private final CachedRepository repository;
  private final List<CachedRevision> revisions;
  private final List<StoredBlob> contents;
  private final boolean everything;
  private final long ownBytes;

  /**
   * What was done.
   *
   * @param keptContents of a download under way, which stay for it
   */
  public record Outcome(long freedBytes, int keptContents) {}

  private Removal(CachedRepository repository, List<CachedRevision> revisions) {
    this.repository = repository;
    this.revisions = List.copyOf(revisions);
    this.everything = revisions.size() == repository.revisions().size();
    this.contents = contents(repository, revisions, everything);
    this.ownBytes =
        revisions.stream()
            .flatMap(revision -> revision.files().stream())
            .filter(file -> file.blob().isEmpty() && !Files.isSymbolicLink(file.location()))
            .mapToLong(CachedFile::bytes)
            .sum();
  }

  /** Plans it; nothing is removed yet. */
  public static Removal of(CachedRepository repository, List<CachedRevision> revisions) {
    return new Removal(repository, revisions);
  }

  /** Plans to remove a model with all its revisions, and what broken-off downloads left of it. */
  public static Removal ofAll(CachedRepository repository) {
    return new Removal(repository, repository.revisions());
  }

  private static List<StoredBlob> contents(
      CachedRepository repository, List<CachedRevision> removed, boolean everything) {
    List<StoredBlob> contents = new ArrayList<>();
    if (everything) {
      contents.addAll(repository.blobs());
      contents.addAll(repository.partials());
      return contents;
    }
    Set<String> freed = new HashSet<>();
    removed.forEach(revision -> freed.addAll(revision.blobs()));
    repository.revisions().stream()
        .filter(revision -> !removed.contains(revision))
        .forEach(revision -> freed.removeAll(revision.blobs()));
    repository.blobs().stream().filter(blob -> freed.contains(blob.name())).forEach(contents::add);
    return contents;
  }

  public CachedRepository repository() {
    return repository;
  }

  public List<CachedRevision> revisions() {
    return revisions;
  }

  /** Room on the disk that it frees. */
  public long bytesToFree() {
    return ownBytes + contents.stream().mapToLong(StoredBlob::bytes).sum();
  }

  /** What the revisions hold that stays, because other revisions use it. */
  public long bytesShared() {
    Set<String> freed = new HashSet<>(contents.stream().map(StoredBlob::name).toList());
    Set<String> shared = new HashSet<>();
    revisions.forEach(revision -> shared.addAll(revision.blobs()));
    shared.removeAll(freed);
    return repository.blobs().stream()
        .filter(blob -> shared.contains(blob.name()))
        .mapToLong(StoredBlob::bytes)
        .sum();
  }

  /**
   * Does it.
   *
   * @throws dev.quern.store.QuernException UNAVAILABLE while the model is pulled; or if the cache
   *     cannot be written
   */
  public Outcome run() {
    ModelFolder folder = repository.folder();
    BlobCustody custody = new BlobCustody(folder);
    try (BlobLock _ = custody.withoutPulls().orElseThrow(this::beingPulled)) {
      for (CachedRevision revision : revisions) {
        removeRefs(revision);
        removeSnapshot(revision);
      }
      Outcome outcome = removeContents(custody);
      if (everything && custody.isWithoutRevisions() && !custody.isAnythingBeingWritten()) {
        Trees.delete(folder.root());
      }
      return outcome;
    } catch (IOException e) {
      throw Trees.notRemovable(folder.root(), e);
    }
  }

  private Outcome removeContents(BlobCustody custody) throws IOException {
    // A pull may have ended since this was planned.
    Set<String> needed = custody.inUse();
    long freed = ownBytes;
    int kept = 0;
    for (StoredBlob content : contents) {
      if (!needed.contains(content.name()) && custody.delete(content)) {
        freed += content.bytes();
        Files.deleteIfExists(repository.folder().verified().resolve(content.name()));
      } else {
        kept++;
      }
    }
    return new Outcome(freed, kept);
  }

  private QuernException beingPulled() {
    return new QuernException(
        ErrorCategory.UNAVAILABLE,
        repository.name() + " is being pulled: wait for that or stop it, then remove it");
  }

  private void removeRefs(CachedRevision revision) throws IOException {
    Path refs = repository.folder().refs();
    for (String ref : revision.refs()) {
      Path file = refs.resolve(ref);
      Files.deleteIfExists(file);
      Trees.deleteEmptyParents(file, refs);
    }
  }

  private void removeSnapshot(CachedRevision revision) throws IOException {
    ModelFolder folder = repository.folder();
    Files.deleteIfExists(CheckpointManifest.fileOf(revision.folder()));
    Path removed = Files.createDirectories(removed(folder)).resolve(revision.commit());
    Trees.delete(removed);
    Files.move(revision.folder(), removed, StandardCopyOption.ATOMIC_MOVE);
    Trees.delete(removed);
    // What huggingface_hub notes of a commit: files that it lacks, and its listing.
    Trees.delete(folder.root().resolve(".no_exist").resolve(revision.commit()));
    Trees.delete(folder.root().resolve("trees").resolve(revision.commit() + ".json"));
  }

  /** Where snapshots go before they are taken apart. */
  static Path removed(ModelFolder folder) {
    return folder.own().resolve("removed");
  }
}
