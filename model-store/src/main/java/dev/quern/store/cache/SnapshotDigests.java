package dev.quern.store.cache;

import dev.quern.store.ErrorCategory;
import dev.quern.store.FileDigest;
import dev.quern.store.QuernException;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.store.hub.Hashes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The digests of a snapshot's files, as far as they are known without reading large files.
 *
 * @param source whose word they are
 */
public record SnapshotDigests(Source source, CheckpointManifest manifest) {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /** The most that is hashed to complete what blobs' names say. */
  private static final long MAX_HASHED_BYTES = 256L << 20;

  /** Where digests come from. */
  public enum Source {
    /** Quern's pull hashed every file while it wrote it. */
    PULL,
    /** Large files: the names of blobs; small ones were hashed now. */
    CACHE,
    /** Every file was hashed now. */
    COMPUTED;

    /** For people and JSON. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What is known of a revision.
   *
   * @return empty if large files would have to be read, or a file is absent
   * @throws QuernException if the stored manifest is damaged
   */
  public static Optional<SnapshotDigests> known(CachedRevision revision) {
    Optional<CheckpointManifest> stored = CheckpointManifest.load(revision.folder());
    if (stored.isPresent()) {
      return stored.map(manifest -> new SnapshotDigests(Source.PULL, manifest));
    }
    long toHash =
        revision.files().stream()
            .filter(file -> named(file).isEmpty())
            .mapToLong(CachedFile::bytes)
            .sum();
    if (toHash > MAX_HASHED_BYTES || revision.files().stream().anyMatch(CachedFile::absent)) {
      return Optional.empty();
    }
    List<FileDigest> digests = new ArrayList<>();
    for (CachedFile file : revision.files()) {
      String sha256 = named(file).orElseGet(() -> hashed(file));
      digests.add(new FileDigest(file.path(), file.bytes(), sha256));
    }
    return Optional.of(new SnapshotDigests(Source.CACHE, new CheckpointManifest(digests)));
  }

  private static Optional<String> named(CachedFile file) {
    return file.blob().filter(blob -> SHA256.matcher(blob).matches());
  }

  private static String hashed(CachedFile file) {
    MessageDigest sha256 = Hashes.sha256();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file.location()), sha256)) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, "cannot read " + file.location() + " (" + e + ")", e);
    }
    return HexFormat.of().formatHex(sha256.digest());
  }
}
