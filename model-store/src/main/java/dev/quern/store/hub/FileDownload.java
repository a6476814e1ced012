package dev.quern.store.hub;

import dev.quern.store.FileDigest;
import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Makes sure of one blob: verifies the one that is in the cache, or downloads it. Runs on a thread
 * of its own, which holds the blob's lock.
 */
final class FileDownload {
  private static final int BUFFER_BYTES = 1 << 18;

  /** Fresh starts, after content that changed or was wrong, before a pull gives up. */
  private static final int MAX_STARTS = 3;

  private final PullRun run;
  private final HubFile file;
  private final Path blob;

  FileDownload(PullRun run, HubFile file) {
    this.run = run;
    this.file = file;
    this.blob = run.folder().blob(file.digest());
  }

  /**
   * Verifies or downloads.
   *
   * @return empty if another process holds the lock, and so downloads it at this moment
   */
  Optional<FileDigest> tryRun() throws IOException, InterruptedException {
    Optional<BlobLock> lock = BlobLock.tryAcquire(run.folder().lockFile(file.digest().hex()));
    if (lock.isEmpty()) {
      return Optional.empty();
    }
    BlobLock held = lock.get();
    try (held) {
      Optional<FileDigest> here = verifyPresent();
      return Optional.of(here.isPresent() ? here.get() : download());
    }
  }

  /** The digest of the blob if it is here and right; a wrong one is removed. */
  private Optional<FileDigest> verifyPresent() throws IOException {
    Optional<FileDigest> known = run.verified().find(file);
    if (known.isPresent()) {
      run.listener().fileStarted(file, file.size());
      run.listener().fileVerified(file);
      return known;
    }
    adoptCopy();
    if (!Files.isRegularFile(blob)) {
      Files.deleteIfExists(blob);
      return Optional.empty();
    }
    run.listener().fileStarted(file, file.size());
    ContentHashes.Result result = hash(blob);
    if (!result.right()) {
      Files.delete(blob);
      return Optional.empty();
    }
    return Optional.of(keep(result));
  }

  /** Tools that make no links leave the file itself in the snapshot. */
  private void adoptCopy() throws IOException {
    Path copy = run.snapshot().resolve(file.path());
    if (!Files.exists(blob, LinkOption.NOFOLLOW_LINKS)
        && Files.isRegularFile(copy, LinkOption.NOFOLLOW_LINKS)) {
      Files.createLink(blob, copy);
    }
  }

  private ContentHashes.Result hash(Path path) throws IOException {
    ContentHashes hashes = new ContentHashes(file.digest(), Files.size(path));
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      while (channel.read(buffer.clear()) >= 0) {
        hashes.update(buffer.flip());
      }
    }
    return hashes.result();
  }

  private FileDigest download() throws IOException, InterruptedException {
    String problem = "";
    for (int start = 0; start < MAX_STARTS; start++) {
      PartialFile partial = PartialFile.open(partialPath(), file.size());
      try (partial) {
        run.listener().fileStarted(file, partial.bytesHere());
        Optional<ContentHashes.Result> result = transfer(partial);
        if (result.isPresent() && result.get().right()) {
          partial.publish(blob);
          return keep(result.get());
        }
        problem =
            result.isPresent()
                ? "what came does not hash to the " + file.digest().hex() + " that the hub states"
                : "its content changed while it was fetched";
        partial.discard();
      }
    }
    throw new HubException(
        problem.startsWith("what") ? Reason.WRONG_HASH : Reason.CHANGED,
        file.path()
            + " cannot be had: "
            + problem
            + ", "
            + MAX_STARTS
            + " times. Nothing of it was kept. A proxy may alter it, or the hub has a damaged copy:"
            + " try another network or HF_ENDPOINT");
  }

  private Optional<ContentHashes.Result> transfer(PartialFile partial)
      throws IOException, InterruptedException {
    FileTransfer transfer = run.transfer(file, partial);
    run.queue().add(transfer);
    try {
      return transfer.hash();
    } finally {
      run.queue().remove(transfer);
    }
  }

  private FileDigest keep(ContentHashes.Result result) throws IOException {
    FileDigest digest = new FileDigest(file.path(), file.size(), result.sha256());
    run.verified().remember(file, digest);
    run.listener().fileVerified(file);
    return digest;
  }

  private Path partialPath() {
    return run.folder().partials().resolve(file.digest().hex());
  }
}
