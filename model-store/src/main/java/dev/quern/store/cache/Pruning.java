package dev.quern.store.cache;

import dev.quern.store.hub.BlobLock;
import dev.quern.store.hub.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Frees what no revision needs: blobs without a snapshot, and what downloads left that were broken
 * off. What was written to lately stays, because a pull under way has blobs before it has its
 * snapshot; what a download has locked stays in any case.
 */
public final class Pruning {
  private final List<Item> items;
  private final List<CachedRepository> repositories;
  private final int kept;

  /** Why something is not needed. */
  public enum Kind {
    /** No file of any snapshot leads to it. */
    UNUSED_BLOB,
    /** A part of a blob. */
    PARTIAL,
    /** A snapshot or a note of Quern's own that something ended the removal or the pull of. */
    LEFTOVER;

    /** For people and JSON. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /**
   * Something that can go.
   *
   * @param content its name in the cache
   */
  public record Item(CachedRepository repository, Kind kind, StoredBlob content) {}

  /**
   * What was done.
   *
   * @param locked how many items a download began to write again meanwhile
   */
  public record Outcome(long freedBytes, int locked) {}

  private Pruning(List<Item> items, List<CachedRepository> repositories, int kept) {
    this.items = List.copyOf(items);
    this.repositories = List.copyOf(repositories);
    this.kept = kept;
  }

  /**
   * Looks for what can go; nothing is removed yet.
   *
   * @param before what was written to later stays
   * @throws dev.quern.store.QuernException if the cache cannot be read
   */
  public static Pruning of(List<CachedRepository> repositories, Instant before) {
    List<Item> items = new ArrayList<>();
    int kept = 0;
    for (CachedRepository repository : repositories) {
      try {
        BlobCustody custody = new BlobCustody(repository.folder());
        for (Item item : candidates(repository)) {
          if (item.content().changed().isBefore(before)
              && !custody.isBeingWritten(item.content().name())) {
            items.add(item);
          } else {
            kept++;
          }
        }
      } catch (IOException e) {
        throw CacheScanner.unreadable(repository.folder().root(), e);
      }
    }
    return new Pruning(items, repositories, kept);
  }

  /** What can go. */
  public List<Item> items() {
    return items;
  }

  /** Size of what can go. */
  public long bytesToFree() {
    return items.stream().mapToLong(item -> item.content().bytes()).sum();
  }

  /** How many things stay because they are young or being written. */
  public int kept() {
    return kept;
  }

  /**
   * Removes it, and the folders of models that have nothing left. A model that is being pulled is
   * left as it is.
   *
   * @throws dev.quern.store.QuernException if the cache cannot be written
   */
  public Outcome run() {
    Outcome total = new Outcome(0, 0);
    for (CachedRepository repository : repositories) {
      List<Item> own =
          items.stream()
              .filter(item -> item.repository().folder().equals(repository.folder()))
              .toList();
      if (own.isEmpty() && !repository.revisions().isEmpty()) {
        continue;
      }
      Outcome outcome = run(repository, own);
      total = new Outcome(total.freedBytes + outcome.freedBytes, total.locked + outcome.locked);
    }
    return total;
  }

  private static Outcome run(CachedRepository repository, List<Item> items) {
    BlobCustody custody = new BlobCustody(repository.folder());
    try {
      Optional<BlobLock> alone = custody.withoutPulls();
      if (alone.isEmpty()) {
        return new Outcome(0, items.size());
      }
      try (BlobLock _ = alone.get()) {
        Outcome outcome = remove(repository.folder(), items, custody);
        removeIfEmpty(repository, items, custody);
        return outcome;
      }
    } catch (IOException e) {
      throw Trees.notRemovable(repository.folder().root(), e);
    }
  }

  private static Outcome remove(ModelFolder folder, List<Item> items, BlobCustody custody)
      throws IOException {
    // A pull may have ended since this was planned.
    Set<String> needed = custody.inUse();
    long freed = 0;
    int locked = 0;
    for (Item item : items) {
      if (item.kind() == Kind.LEFTOVER) {
        Trees.delete(item.content().file());
      } else if (needed.contains(item.content().name()) || !custody.delete(item.content())) {
        locked++;
        continue;
      }
      if (item.kind() == Kind.UNUSED_BLOB) {
        Files.deleteIfExists(folder.verified().resolve(item.content().name()));
      }
      freed += item.content().bytes();
    }
    return new Outcome(freed, locked);
  }

  private static void removeIfEmpty(
      CachedRepository repository, List<Item> items, BlobCustody custody) throws IOException {
    Set<Path> pruned = new HashSet<>();
    items.forEach(item -> pruned.add(item.content().file()));
    boolean empty =
        repository.revisions().isEmpty()
            && Stream.concat(repository.blobs().stream(), repository.partials().stream())
                .allMatch(content -> pruned.contains(content.file()));
    if (empty && custody.isWithoutRevisions() && !custody.isAnythingBeingWritten()) {
      Trees.delete(repository.folder().root());
    }
  }

  private static List<Item> candidates(CachedRepository repository) throws IOException {
    List<Item> items = new ArrayList<>();
    for (StoredBlob blob : repository.unusedBlobs()) {
      items.add(new Item(repository, Kind.UNUSED_BLOB, blob));
    }
    // A part and its journal are one thing, as old as the younger of them.
    Map<String, Instant> changed = new HashMap<>();
    repository.partials().forEach(part -> changed.merge(part.name(), part.changed(), Pruning::max));
    for (StoredBlob part : repository.partials()) {
      Instant age = changed.getOrDefault(part.name(), part.changed());
      items.add(
          new Item(
              repository,
              Kind.PARTIAL,
              new StoredBlob(part.name(), part.file(), part.bytes(), age)));
    }
    items.addAll(leftovers(repository));
    return items;
  }

  private static List<Item> leftovers(CachedRepository repository) throws IOException {
    ModelFolder folder = repository.folder();
    Set<String> blobs = new HashSet<>(repository.blobs().stream().map(StoredBlob::name).toList());
    Set<String> manifests = new HashSet<>();
    repository.revisions().forEach(revision -> manifests.add(revision.commit() + ".json"));
    List<Path> files = new ArrayList<>();
    files.addAll(entriesBeside(Removal.removed(folder), Set.of()));
    files.addAll(entriesBeside(folder.staging(), Set.of()));
    files.addAll(entriesBeside(folder.verified(), blobs));
    files.addAll(entriesBeside(folder.manifests(), manifests));
    List<Item> items = new ArrayList<>();
    for (Path file : files) {
      items.add(
          new Item(
              repository,
              Kind.LEFTOVER,
              new StoredBlob(
                  String.valueOf(file.getFileName()),
                  file,
                  Trees.bytes(file),
                  Files.getLastModifiedTime(file).toInstant())));
    }
    return items;
  }

  private static List<Path> entriesBeside(Path folder, Set<String> needed) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> !needed.contains(String.valueOf(file.getFileName())))
          .sorted(Comparator.naturalOrder())
          .toList();
    }
  }

  private static Instant max(Instant left, Instant right) {
    return left.isAfter(right) ? left : right;
  }
}
