package dev.quern.store.cache;

import dev.quern.store.HubCache;
import dev.quern.store.hub.BlobLock;
import dev.quern.store.hub.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Deletes contents unless somebody is writing them. */
final class BlobCustody {
  private final ModelFolder folder;

  BlobCustody(ModelFolder folder) {
    this.folder = folder;
  }

  /**
   * Deletes a blob, or the part of one.
   *
   * @return false if a download has its lock, and it therefore stays
   */
  boolean delete(StoredBlob blob) throws IOException {
    Path lockFile = folder.lockFile(blob.name());
    if (!Files.exists(lockFile)) {
      // Who writes makes the file first; a new one for each removal would only be litter.
      Files.deleteIfExists(blob.file());
      return true;
    }
    Optional<BlobLock> lock = BlobLock.tryAcquire(lockFile);
    if (lock.isEmpty()) {
      return false;
    }
    try {
      Files.deleteIfExists(blob.file());
      return true;
    } finally {
      lock.get().close();
    }
  }

  /**
   * Keeps pulls of this model from beginning until it is closed; empty while one is under way,
   * which counts on what it finds.
   */
  Optional<BlobLock> withoutPulls() throws IOException {
    return BlobLock.tryAcquire(folder.pullLock());
  }

  /** Blobs that files of any revision lead to, as things are now. */
  Set<String> inUse() {
    return now().map(CachedRepository::blobsInUse).orElse(Set.of());
  }

  /** Whether no revision is left, as things are now. */
  boolean isWithoutRevisions() {
    return now().map(found -> found.revisions().isEmpty()).orElse(true);
  }

  private Optional<CachedRepository> now() {
    Path root = folder.root();
    HubCache cache = new HubCache(root.resolve("..").normalize());
    return new CacheScanner(cache).find(HubCache.id(root));
  }

  /** Whether a download writes this content now. */
  boolean isBeingWritten(String blob) throws IOException {
    return isHeld(folder.lockFile(blob));
  }

  /** Whether a download writes anything of this model now. */
  boolean isAnythingBeingWritten() throws IOException {
    if (!Files.isDirectory(folder.locks())) {
      return false;
    }
    try (Stream<Path> locks = Files.list(folder.locks())) {
      for (Path lock : locks.toList()) {
        if (lock.toString().endsWith(".lock") && isHeld(lock)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isHeld(Path lockFile) throws IOException {
    if (!Files.isRegularFile(lockFile)) {
      return false;
    }
    Optional<BlobLock> lock = BlobLock.tryAcquire(lockFile);
    lock.ifPresent(BlobLock::close);
    return lock.isEmpty();
  }
}
