package dev.quern.store.hub;

import dev.quern.store.HubCache;
import java.nio.file.Path;

/**
 * Where the parts of one model lie in the cache.
 *
 * <p>{@code blobs}, {@code refs}, {@code snapshots} and the locks are Hugging Face's; what Quern
 * alone needs is under {@code .quern}, where no other tool looks.
 *
 * @param root {@code CACHE/models--ORG--NAME}
 * @param locks {@code CACHE/.locks/models--ORG--NAME}
 */
public record ModelFolder(Path root, Path locks) {
  private static final String OWN = ".quern";

  /** The folder of the model {@code id}, whether it exists or not. */
  public static ModelFolder of(HubCache cache, String id) {
    Path root = cache.modelFolder(id);
    return new ModelFolder(root, cache.root().resolve(".locks").resolve(root.getFileName()));
  }

  /** Contents of files, each under the name of its digest. */
  public Path blobs() {
    return root.resolve("blobs");
  }

  public Path blob(ContentDigest digest) {
    return blobs().resolve(digest.hex());
  }

  /** Files named after branches and tags, each with a commit in it. */
  public Path refs() {
    return root.resolve("refs");
  }

  /** A folder per commit. */
  public Path snapshots() {
    return root.resolve("snapshots");
  }

  /** The file whose lock whoever writes the blob {@code name} holds, see {@link BlobLock}. */
  public Path lockFile(String name) {
    return locks.resolve(name + ".lock");
  }

  /**
   * The file whose lock pulls of this model share, and who takes contents away has alone: a pull
   * counts on what it finds, until its snapshot shows that it does.
   */
  public Path pullLock() {
    return locks.resolve(".quern-pull");
  }

  /**
   * Quern's own files: {@code partial/BLOB} and {@code partial/BLOB.journal} of a download under
   * way or broken off, {@code verified/BLOB} for a blob whose hash was found right, {@code
   * manifests/COMMIT.json}, and {@code staging/} for what is about to be renamed into place.
   */
  public Path own() {
    return root.resolve(OWN);
  }

  public Path partials() {
    return own().resolve("partial");
  }

  public Path verified() {
    return own().resolve("verified");
  }

  public Path manifests() {
    return own().resolve("manifests");
  }

  public Path staging() {
    return own().resolve("staging");
  }
}
