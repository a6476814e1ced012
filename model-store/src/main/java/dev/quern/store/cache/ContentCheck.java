package dev.quern.store.cache;

import dev.quern.store.hub.ContentDigest;
import dev.quern.store.hub.Hashes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Hashes one content anew and judges the files that lead to it. */
final class ContentCheck {
  private static final int CHUNK_BYTES = 1 << 20;

  private ContentCheck() {}

  /** One file of a subject. */
  record Occurrence(
      CacheVerifier.Subject subject, CachedFile file, Optional<String> manifestSha256) {
    String name() {
      return subject.repository().name() + "/" + file.path();
    }

    FileCheck check(FileCheck.Verdict verdict, String detail) {
      return new FileCheck(
          subject.repository(), subject.revision(), file.path(), file.bytes(), verdict, detail);
    }
  }

  /**
   * Hashes a content and judges every file that leads to it.
   *
   * @param files at least one, all with the same content
   * @throws IOException if it cannot be read
   */
  static List<FileCheck> run(List<Occurrence> files, VerifyListener listener) throws IOException {
    Occurrence first = files.getFirst();
    listener.started(first.name(), first.file().bytes());
    Optional<ContentDigest> named = first.file().blob().flatMap(ContentCheck::digest);
    boolean inManifest = files.stream().anyMatch(file -> file.manifestSha256().isPresent());
    List<FileCheck> checks = new ArrayList<>();
    if (named.isEmpty() && !inManifest) {
      listener.bytes(first.name(), first.file().bytes());
      for (Occurrence file : files) {
        checks.add(
            file.check(
                FileCheck.Verdict.UNKNOWN, "nothing says what its hash should be: pull it again"));
      }
    } else {
      Hashed hashed = hash(first, named, listener);
      for (Occurrence file : files) {
        checks.add(judged(file, named, hashed));
      }
    }
    listener.finished(first.name(), first.file().bytes(), checks.getFirst().verdict());
    return checks;
  }

  private static FileCheck judged(Occurrence file, Optional<ContentDigest> named, Hashed hashed)
      throws IOException {
    boolean asNamed = named.map(digest -> digest.hex().equals(hashed.named())).orElse(true);
    boolean asInManifest = file.manifestSha256().map(hashed.sha256()::equals).orElse(true);
    if (asNamed && asInManifest) {
      return named.isEmpty() && file.manifestSha256().isEmpty()
          ? file.check(FileCheck.Verdict.UNKNOWN, "nothing says what its hash should be")
          : file.check(FileCheck.Verdict.SOUND, "");
    }
    if (!asNamed && file.file().blob().isPresent()) {
      Path notes = file.subject().repository().folder().verified();
      Files.deleteIfExists(notes.resolve(file.file().blob().get()));
    }
    return file.check(
        FileCheck.Verdict.CORRUPT,
        asNamed
            ? "its hash is not that of the manifest"
            : "its hash is " + hashed.named() + " and not " + file.file().blob().orElse(""));
  }

  /**
   * Hashes of a content.
   *
   * @param named by the algorithm of the blob's name
   */
  private record Hashed(String named, String sha256) {}

  private static Hashed hash(
      Occurrence file, Optional<ContentDigest> named, VerifyListener listener) throws IOException {
    MessageDigest sha256 = Hashes.sha256();
    Optional<MessageDigest> git =
        named
            .filter(digest -> digest.algorithm() == ContentDigest.Algorithm.GIT_SHA1)
            .map(digest -> Hashes.start(digest.algorithm(), file.file().bytes()));
    byte[] chunk = new byte[CHUNK_BYTES];
    try (InputStream in = Files.newInputStream(file.file().location())) {
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        sha256.update(chunk, 0, read);
        if (git.isPresent()) {
          git.get().update(chunk, 0, read);
        }
        listener.bytes(file.name(), read);
        if (Thread.currentThread().isInterrupted()) {
          throw new IOException("interrupted");
        }
      }
    }
    String hex = HexFormat.of().formatHex(sha256.digest());
    return new Hashed(git.map(hash -> HexFormat.of().formatHex(hash.digest())).orElse(hex), hex);
  }

  /** What a blob's name says of its content: the hub's digest, unless a server of another kind. */
  private static Optional<ContentDigest> digest(String blob) {
    for (ContentDigest.Algorithm algorithm : ContentDigest.Algorithm.values()) {
      try {
        return Optional.of(new ContentDigest(algorithm, blob));
      } catch (IllegalArgumentException other) {
        // Not of this algorithm's length, or not hexadecimal.
      }
    }
    return Optional.empty();
  }
}
