package dev.quern.store.cache;

import dev.quern.store.ErrorCategory;
import dev.quern.store.FileDigest;
import dev.quern.store.QuernException;
import dev.quern.store.hub.CheckpointManifest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Hashes the files of snapshots anew, each content once, and compares them with what the hub said
 * (a blob is named after its digest) and with the manifest that Quern's pull left.
 */
public final class CacheVerifier {
  private final int threads;

  /**
   * @param threads that read and hash, each another file
   */
  public CacheVerifier(int threads) {
    this.threads = threads;
  }

  /** A revision to verify. */
  public record Subject(CachedRepository repository, CachedRevision revision) {}

  /** Size of all distinct contents: what a verification will read. */
  public static long bytes(List<Subject> subjects) {
    return contents(subjects).values().stream()
        .mapToLong(files -> files.getFirst().file().bytes())
        .sum();
  }

  /** How many distinct contents a verification will read. */
  public static int contentCount(List<Subject> subjects) {
    return contents(subjects).size();
  }

  /**
   * Verifies every file of the subjects. A blob found corrupt loses Quern's note that it was
   * verified, so that the next pull of it looks itself.
   *
   * @return in order of subject and path
   * @throws QuernException if a file cannot be read
   */
  public List<FileCheck> verify(List<Subject> subjects, VerifyListener listener) {
    Map<Path, List<ContentCheck.Occurrence>> contents = contents(subjects);
    List<FileCheck> checks = new ArrayList<>();
    try (ExecutorService workers =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("verify-", 0).factory())) {
      List<Future<List<FileCheck>>> results =
          contents.values().stream()
              .map(files -> workers.submit(() -> ContentCheck.run(files, listener)))
              .toList();
      for (Future<List<FileCheck>> result : results) {
        try {
          checks.addAll(result.get());
        } catch (ExecutionException | InterruptedException e) {
          workers.shutdownNow();
          throw failure(e);
        }
      }
    }
    for (Subject subject : subjects) {
      checks.addAll(absent(subject));
    }
    return inOrder(subjects, checks);
  }

  private static QuernException failure(Exception e) {
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    return e.getCause() instanceof QuernException known
        ? known
        : new QuernException(ErrorCategory.INTERNAL, "the verification was broken off: " + e, e);
  }

  private static List<FileCheck> inOrder(List<Subject> subjects, List<FileCheck> checks) {
    Map<Path, Integer> rank = new HashMap<>();
    subjects.forEach(subject -> rank.putIfAbsent(subject.revision().folder(), rank.size()));
    return checks.stream()
        .sorted(
            Comparator.<FileCheck>comparingInt(
                    check -> rank.getOrDefault(check.revision().folder(), 0))
                .thenComparing(FileCheck::path))
        .toList();
  }

  /** Occurrences by the file that holds the content. */
  private static Map<Path, List<ContentCheck.Occurrence>> contents(List<Subject> subjects) {
    Map<Path, List<ContentCheck.Occurrence>> contents = new LinkedHashMap<>();
    for (Subject subject : subjects) {
      Map<String, String> manifest = manifest(subject);
      for (CachedFile file : subject.revision().files()) {
        if (!file.absent()) {
          Path content =
              file.blob()
                  .map(subject.repository().folder().blobs()::resolve)
                  .orElse(file.location());
          contents
              .computeIfAbsent(content, path -> new ArrayList<>())
              .add(
                  new ContentCheck.Occurrence(
                      subject, file, Optional.ofNullable(manifest.get(file.path()))));
        }
      }
    }
    return contents;
  }

  private static Map<String, String> manifest(Subject subject) {
    Map<String, String> digests = new HashMap<>();
    loaded(subject)
        .ifPresent(
            manifest -> manifest.files().forEach(file -> digests.put(file.file(), file.sha256())));
    return digests;
  }

  /** A damaged manifest says nothing; {@link #absent} reports it. */
  private static Optional<CheckpointManifest> loaded(Subject subject) {
    try {
      return CheckpointManifest.load(subject.revision().folder());
    } catch (QuernException damaged) {
      return Optional.empty();
    }
  }

  private static List<FileCheck> absent(Subject subject) {
    List<FileCheck> checks = new ArrayList<>();
    CachedRevision revision = subject.revision();
    for (CachedFile file : revision.files()) {
      if (file.absent()) {
        checks.add(
            new FileCheck(
                subject.repository(),
                revision,
                file.path(),
                0,
                FileCheck.Verdict.ABSENT,
                "the link leads to nothing"));
      }
    }
    List<String> there = revision.files().stream().map(CachedFile::path).toList();
    try {
      CheckpointManifest.load(revision.folder()).stream()
          .flatMap(manifest -> manifest.files().stream())
          .filter(file -> !there.contains(file.file()))
          .forEach(file -> checks.add(removed(subject, file)));
    } catch (QuernException damaged) {
      Path file = CheckpointManifest.fileOf(revision.folder());
      checks.add(
          new FileCheck(
              subject.repository(),
              revision,
              subject.repository().folder().root().relativize(file).toString(),
              0,
              FileCheck.Verdict.CORRUPT,
              damaged.message()));
    }
    return checks;
  }

  private static FileCheck removed(Subject subject, FileDigest file) {
    return new FileCheck(
        subject.repository(),
        subject.revision(),
        file.file(),
        file.bytes(),
        FileCheck.Verdict.ABSENT,
        "the manifest has it, the snapshot has not");
  }
}
