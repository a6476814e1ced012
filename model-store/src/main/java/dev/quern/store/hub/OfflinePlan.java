package dev.quern.store.hub;

import dev.quern.store.FileDigest;
import dev.quern.store.HubCache;
import dev.quern.store.hub.HubException.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Plans and pulls where the network is forbidden: of what the cache has. */
final class OfflinePlan {
  private OfflinePlan() {}

  /** The snapshot that the cache has of {@code reference}, every file present. */
  static PullPlan of(HubCache cache, ModelReference reference) {
    Optional<Path> snapshot = cache.snapshot(reference.id(), reference.revision());
    if (snapshot.isEmpty()) {
      throw new HubException(
          Reason.OFFLINE,
          reference
              + " is not in "
              + cache.root()
              + ", and HF_HUB_OFFLINE forbids to fetch it: unset HF_HUB_OFFLINE, or name the cache"
              + " that has it with HF_HUB_CACHE");
    }
    List<PlannedFile> files =
        manifest(snapshot.get()).files().stream()
            .map(
                file ->
                    new HubFile(
                        file.file(),
                        file.bytes(),
                        new ContentDigest(ContentDigest.Algorithm.SHA256, file.sha256())))
            .map(file -> new PlannedFile(file, PlannedFile.State.PRESENT, file.size()))
            .toList();
    String commit = String.valueOf(snapshot.get().getFileName());
    return new PullPlan(reference, commit, snapshot.get(), files, List.of(), 0, true);
  }

  /** The model of an offline plan, as it was found. */
  static PulledModel pull(PullPlan plan) {
    List<FileDigest> files =
        plan.files().stream()
            .map(PlannedFile::file)
            .map(file -> new FileDigest(file.path(), file.size(), file.digest().hex()))
            .toList();
    return new PulledModel(
        plan.reference(), plan.commit(), plan.snapshot(), new CheckpointManifest(files), 0);
  }

  /** What the pull noted, if every file is still there; else what the files hash to now. */
  private static CheckpointManifest manifest(Path snapshot) {
    return CheckpointManifest.load(snapshot)
        .filter(stored -> stored.files().stream().allMatch(file -> isThere(snapshot, file)))
        .orElseGet(() -> CheckpointManifest.compute(snapshot));
  }

  private static boolean isThere(Path snapshot, FileDigest file) {
    Path path = snapshot.resolve(file.file());
    return Files.isRegularFile(path) && path.toFile().length() == file.bytes();
  }
}
