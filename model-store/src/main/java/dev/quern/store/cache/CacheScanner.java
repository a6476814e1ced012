package dev.quern.store.cache;

import dev.quern.store.ErrorCategory;
import dev.quern.store.HubCache;
import dev.quern.store.QuernException;
import dev.quern.store.hub.ModelFolder;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Reads which models a cache holds. Only names, links and sizes are read, and no link is followed
 * further than to the file it leads to. Others may write to the cache meanwhile: what vanishes
 * during the reading is left out.
 */
public final class CacheScanner {
  private static final String INCOMPLETE = ".incomplete";
  private static final String JOURNAL = ".journal";

  private final HubCache cache;

  public CacheScanner(HubCache cache) {
    this.cache = cache;
  }

  /**
   * All models, in order of name.
   *
   * @throws QuernException if a folder cannot be read
   */
  public List<CachedRepository> scan() {
    return cache.models().stream().map(HubCache::id).map(this::read).toList();
  }

  /** One model, if its folder is there. */
  public Optional<CachedRepository> find(String name) {
    return Files.isDirectory(cache.modelFolder(name)) ? Optional.of(read(name)) : Optional.empty();
  }

  private CachedRepository read(String name) {
    ModelFolder folder = ModelFolder.of(cache, name);
    try {
      List<StoredBlob> partials = new ArrayList<>();
      List<StoredBlob> blobs = new ArrayList<>();
      Map<Object, String> blobByKey = new HashMap<>();
      for (Path file : entries(folder.blobs())) {
        Optional<BasicFileAttributes> attributes = plainFile(file);
        if (attributes.isEmpty()) {
          continue;
        }
        String blob = String.valueOf(file.getFileName());
        if (blob.endsWith(INCOMPLETE)) {
          // huggingface_hub writes DIGEST.incomplete, newer ones DIGEST.RANDOM.incomplete.
          partials.add(stored(blob.substring(0, blob.indexOf('.')), file, attributes.get()));
        } else {
          blobs.add(stored(blob, file, attributes.get()));
          blobByKey.put(attributes.get().fileKey(), blob);
        }
      }
      for (Path file : entries(folder.partials())) {
        String blob = String.valueOf(file.getFileName()).replace(JOURNAL, "");
        plainFile(file).ifPresent(attributes -> partials.add(stored(blob, file, attributes)));
      }
      return new CachedRepository(name, folder, revisions(folder, blobByKey), blobs, partials);
    } catch (IOException e) {
      throw unreadable(folder.root(), e);
    }
  }

  private List<CachedRevision> revisions(ModelFolder folder, Map<Object, String> blobByKey)
      throws IOException {
    Map<String, List<String>> refs = new TreeMap<>();
    cache
        .refs(folder.root())
        .forEach((ref, commit) -> refs.computeIfAbsent(commit, c -> new ArrayList<>()).add(ref));
    List<CachedRevision> revisions = new ArrayList<>();
    for (Path snapshot : entries(folder.snapshots())) {
      if (Files.isDirectory(snapshot, LinkOption.NOFOLLOW_LINKS)) {
        String commit = String.valueOf(snapshot.getFileName());
        revisions.add(
            new CachedRevision(
                commit,
                refs.getOrDefault(commit, List.of()),
                snapshot,
                files(snapshot, folder.blobs(), blobByKey)));
      }
    }
    return revisions;
  }

  private static List<CachedFile> files(Path snapshot, Path blobs, Map<Object, String> blobByKey)
      throws IOException {
    List<CachedFile> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(snapshot)) {
      for (Path file : all.sorted().toList()) {
        if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
          files.add(file(snapshot, file, blobs, blobByKey));
        }
      }
    }
    return files;
  }

  private static CachedFile file(
      Path snapshot, Path file, Path blobs, Map<Object, String> blobByKey) throws IOException {
    String path = snapshot.relativize(file).toString();
    Optional<BasicFileAttributes> content = attributes(file);
    Optional<String> blob =
        Files.isSymbolicLink(file)
            ? linkedBlob(file, blobs)
            // Where links are not wanted, a file of a snapshot is a blob under a second name.
            : content.map(known -> blobByKey.get(known.fileKey()));
    return new CachedFile(
        path,
        file,
        blob,
        content
            .filter(BasicFileAttributes::isRegularFile)
            .map(BasicFileAttributes::size)
            .orElse(0L),
        content.isEmpty(),
        content.map(known -> known.lastAccessTime().toInstant()).orElse(Instant.EPOCH));
  }

  /** The blob that a link names, whether it exists or not; empty if it leads elsewhere. */
  private static Optional<String> linkedBlob(Path link, Path blobs) throws IOException {
    Path target = link.resolveSibling(Files.readSymbolicLink(link)).toAbsolutePath().normalize();
    return blobs.toAbsolutePath().normalize().equals(target.getParent())
        ? Optional.of(String.valueOf(target.getFileName()))
        : Optional.empty();
  }

  private static StoredBlob stored(String name, Path file, BasicFileAttributes attributes) {
    return new StoredBlob(name, file, attributes.size(), attributes.lastModifiedTime().toInstant());
  }

  private static Optional<BasicFileAttributes> plainFile(Path file) throws IOException {
    return attributes(file, LinkOption.NOFOLLOW_LINKS).filter(BasicFileAttributes::isRegularFile);
  }

  /** Empty if there is nothing, or no longer. */
  private static Optional<BasicFileAttributes> attributes(Path file, LinkOption... options)
      throws IOException {
    try {
      return Optional.of(Files.readAttributes(file, BasicFileAttributes.class, options));
    } catch (AccessDeniedException e) {
      throw e;
    } catch (FileSystemException e) {
      // Gone meanwhile, or a link to nothing or to itself.
      return Optional.empty();
    }
  }

  private static List<Path> entries(Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  static QuernException unreadable(Path folder, IOException cause) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        "cannot read " + folder + " (" + cause + "): check that you may read the cache",
        cause);
  }
}
