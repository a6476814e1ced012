package dev.quern.store.hub;

import dev.quern.store.FileDigest;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Makes a snapshot of blobs that are all in place: built aside and renamed, so that it is whole
 * from the first moment it can be seen.
 *
 * <p>Where another tool, or a pull of other files, made a snapshot of the commit before, files are
 * added to it one by one, those last by which readers find the others.
 */
final class SnapshotWriter {
  private static final List<String> READ_FIRST =
      List.of("config.json", "model_index.json", "modules.json");

  private final ModelFolder folder;
  private final String commit;
  private final boolean symbolic;

  /**
   * @param symbolic whether to make symbolic links; hard ones otherwise
   */
  SnapshotWriter(ModelFolder folder, String commit, boolean symbolic) {
    this.folder = folder;
    this.commit = commit;
    this.symbolic = symbolic;
  }

  /** Publishes {@code files}; then lets the branch or tag {@code revision} name them. */
  CheckpointManifest publish(String revision, List<HubFile> files, List<FileDigest> digests)
      throws IOException {
    Path snapshot = folder.snapshots().resolve(commit);
    if (!Files.isDirectory(snapshot, LinkOption.NOFOLLOW_LINKS)) {
      publishWhole(snapshot, files);
    } else {
      addTo(snapshot, files);
    }
    CheckpointManifest manifest = manifest(snapshot, digests);
    SafeFolders.write(CheckpointManifest.fileOf(snapshot), manifest.toJson(), folder.staging());
    writeRef(revision);
    return manifest;
  }

  private void publishWhole(Path snapshot, List<HubFile> files) throws IOException {
    Path staged = folder.staging().resolve(UUID.randomUUID().toString());
    Files.createDirectory(staged);
    try {
      Set<Path> folders = new HashSet<>(Set.of(staged));
      for (HubFile file : files) {
        Path link = staged.resolve(file.path());
        Path parent = link.resolveSibling("");
        SafeFolders.make(staged, parent);
        folders.add(parent);
        link(link, file);
      }
      for (Path each : folders) {
        SafeFolders.syncFolder(each);
      }
      Files.move(staged, snapshot, StandardCopyOption.ATOMIC_MOVE);
      SafeFolders.syncFolder(folder.snapshots());
    } catch (FileSystemException e) {
      if (!Files.isDirectory(snapshot, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
      // Another process published it since.
      addTo(snapshot, files);
    } finally {
      deleteTree(staged);
    }
  }

  private void addTo(Path snapshot, List<HubFile> files) throws IOException {
    List<HubFile> inOrder = new ArrayList<>(files);
    inOrder.sort(Comparator.comparingInt(SnapshotWriter::turn));
    for (HubFile file : inOrder) {
      Path link = snapshot.resolve(file.path());
      SafeFolders.make(snapshot, link.resolveSibling(""));
      if (!leadsToBlob(link, file)) {
        Path staged = folder.staging().resolve(UUID.randomUUID().toString());
        linkAs(staged, link, file);
        SafeFolders.replace(staged, link);
      }
    }
  }

  /** Weights, then indexes, then what a reader opens first. */
  private static int turn(HubFile file) {
    if (READ_FIRST.contains(file.name())) {
      return 2;
    }
    return FileKind.of(file.name()) == FileKind.SAFETENSORS_INDEX ? 1 : 0;
  }

  private boolean leadsToBlob(Path link, HubFile file) throws IOException {
    Path blob = folder.blob(file.digest());
    return Files.isRegularFile(link) && Files.isSameFile(link, blob);
  }

  private void link(Path link, HubFile file) throws IOException {
    linkAs(link, link, file);
  }

  /** Makes at {@code path} what is right for the place {@code link} inside a snapshot. */
  private void linkAs(Path path, Path link, HubFile file) throws IOException {
    Path blob = folder.blob(file.digest());
    if (!symbolic) {
      Files.createLink(path, blob);
      return;
    }
    // The depth counts, not the folder: staged snapshots lie as deep as real ones.
    int depth = Path.of(file.path()).getNameCount();
    Path target = Path.of("../".repeat(depth + 1) + "blobs").resolve(file.digest().hex());
    try {
      Files.createSymbolicLink(path, target);
    } catch (UnsupportedOperationException e) {
      throw new IOException(link + ": no symbolic links here; set HF_HUB_DISABLE_SYMLINKS=1", e);
    }
  }

  /** What this pull verified, and what earlier pulls of the same commit did. */
  private CheckpointManifest manifest(Path snapshot, List<FileDigest> digests) {
    List<FileDigest> all = new ArrayList<>(digests);
    Set<String> paths = new HashSet<>(digests.stream().map(FileDigest::file).toList());
    for (FileDigest earlier : earlier(snapshot)) {
      if (!paths.contains(earlier.file())
          && Files.isRegularFile(snapshot.resolve(earlier.file()))) {
        all.add(earlier);
      }
    }
    return new CheckpointManifest(all);
  }

  private static List<FileDigest> earlier(Path snapshot) {
    try {
      Optional<CheckpointManifest> manifest = CheckpointManifest.load(snapshot);
      return manifest.map(CheckpointManifest::files).orElse(List.of());
    } catch (QuernException e) {
      // Damaged: this pull writes it anew.
      return List.of();
    }
  }

  private void writeRef(String revision) throws IOException {
    if (revision.equals(commit)) {
      return;
    }
    Path ref = folder.refs().resolve(revision);
    SafeFolders.make(folder.refs(), ref.resolveSibling(""));
    SafeFolders.write(ref, commit, folder.staging());
  }

  private static void deleteTree(Path tree) throws IOException {
    if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(tree)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
