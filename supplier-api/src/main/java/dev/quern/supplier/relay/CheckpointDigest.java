package dev.quern.supplier.relay;

import dev.quern.engine.tensor.torch.IdleThread;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.hub.CheckpointManifest;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The digest of a served checkpoint's manifest: the evidence of which bytes are served. A pull has
 * stored it; else every file is hashed once, beside everything else, which takes minutes for large
 * models.
 */
public final class CheckpointDigest {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointDigest.class);
  private static final long LONGEST_WAIT_SECONDS = 20;

  private final CompletableFuture<String> digest = new CompletableFuture<>();

  private CheckpointDigest() {}

  /**
   * Begins to find out.
   *
   * @param path what the checkpoint was opened from
   */
  public static CheckpointDigest of(Path path) {
    CheckpointDigest digest = new CheckpointDigest();
    IdleThread.start("checkpoint-digest", () -> digest.find(path));
    return digest;
  }

  /** The digest, {@code sha256:} and hex, if it is known by now. */
  public Optional<String> known() {
    return digest.isDone() && !digest.isCompletedExceptionally()
        ? Optional.of(digest.join())
        : Optional.empty();
  }

  /**
   * The digest, waited for.
   *
   * @throws QuernException UNAVAILABLE when it takes long or a file could not be read
   */
  public String await() {
    try {
      return digest.get(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE, "The model's files are still being hashed; ask later.", e);
    } catch (ExecutionException e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE, "The model's files could not be hashed.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuernException(ErrorCategory.UNAVAILABLE, "The server is stopping.", e);
    }
  }

  private void find(Path path) {
    try {
      digest.complete(
          CheckpointManifest.load(path).orElseGet(() -> CheckpointManifest.compute(path)).digest());
    } catch (RuntimeException e) {
      LOG.warn("the files of {} could not be hashed", path, e);
      digest.completeExceptionally(e);
    }
  }
}
