package dev.quern.store.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.FileDigest;
import dev.quern.store.HubCache;
import dev.quern.store.QuernException;
import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Brings models from a hub into the cache. Thread-safe; close it to let its connections go.
 *
 * <p>A pull ends with the model complete and verified, or with an error and no snapshot of it. What
 * was fetched stays on disk, whatever ends the pull, and the next one goes on from there.
 */
public final class Hub implements AutoCloseable {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final String PIPELINE = "model_index.json";
  private static final long MAX_PIPELINE_BYTES = 1 << 20;
  private static final long SEGMENT_BYTES = 32L << 20;

  private final Parts parts;

  /**
   * What a pull works with.
   *
   * @param segmentBytes the most to ask for in one request
   */
  record Parts(
      HubSettings settings, HubHttp http, HubApi api, RetryPolicy retries, long segmentBytes) {}

  public Hub(HubSettings settings) {
    this(settings, RetryPolicy.of(settings.attempts()), SEGMENT_BYTES);
  }

  Hub(HubSettings settings, RetryPolicy retries, long segmentBytes) {
    HubHttp http = new HubHttp(settings);
    this.parts =
        new Parts(settings, http, new HubApi(settings, http, retries), retries, segmentBytes);
  }

  /** What this hub was made with. */
  public HubSettings settings() {
    return parts.settings();
  }

  /**
   * Asks the hub what {@code reference} names now and which files it has, chooses among them and
   * looks what the cache holds already. Writes nothing.
   *
   * @throws HubException with the reason: no such model or revision, gated, offline, no connection,
   *     unsafe names, nothing to pull, ...
   */
  public PullPlan plan(ModelReference reference, FileFilter filter) {
    if (settings().offline()) {
      return OfflinePlan.of(settings().cache(), reference);
    }
    HubApi api = parts.api();
    String commit =
        COMMIT.matcher(reference.revision()).matches()
            ? reference.revision()
            : api.commit(reference);
    List<HubFile> listed = api.files(reference, commit);
    FileChoice choice = FileChoice.of(listed, filter, components(reference, commit, listed));
    if (choice.chosen().isEmpty()) {
      throw nothingToPull(reference, choice);
    }
    ModelFolder folder = ModelFolder.of(settings().cache(), reference.id());
    Path snapshot = folder.snapshots().resolve(commit);
    try {
      List<PlannedFile> files =
          choice.chosen().stream().map(file -> planned(file, folder, snapshot)).toList();
      return new PullPlan(reference, commit, snapshot, files, choice.skipped(), freeDisk(), false);
    } catch (IOException e) {
      throw DiskFailures.of(settings().cache().root(), e);
    }
  }

  /** The folders that a diffusion pipeline is made of, if this is one. */
  private Optional<Set<String>> components(
      ModelReference reference, String commit, List<HubFile> listed) {
    Optional<HubFile> index =
        listed.stream()
            .filter(file -> file.path().equals(PIPELINE) && file.size() <= MAX_PIPELINE_BYTES)
            .findFirst();
    if (index.isEmpty()) {
      return Optional.empty();
    }
    byte[] text = parts.api().content(reference, commit, index.get());
    JsonNode json = HubApi.json(text, parts.api().fileUri(reference, commit, index.get().path()));
    Set<String> names = new HashSet<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      // A component is [library, class]; one that is left out is [null, null].
      if (entry.getValue().isArray() && entry.getValue().path(1).isTextual()) {
        names.add(entry.getKey());
      }
    }
    return Optional.of(names);
  }

  private static PlannedFile planned(HubFile file, ModelFolder folder, Path snapshot) {
    try {
      Path blob = folder.blob(file.digest());
      Path copy = snapshot.resolve(file.path());
      if (isWhole(blob, file) || isWhole(copy, file)) {
        return new PlannedFile(file, PlannedFile.State.PRESENT, file.size());
      }
      Path partial = folder.partials().resolve(file.digest().hex());
      long here = PartialFile.bytesAt(partial, file.size());
      return new PlannedFile(
          file, here > 0 ? PlannedFile.State.PARTIAL : PlannedFile.State.MISSING, here);
    } catch (IOException e) {
      throw DiskFailures.of(folder.root(), e);
    }
  }

  private static boolean isWhole(Path path, HubFile file) throws IOException {
    return Files.isRegularFile(path) && Files.size(path) == file.size();
  }

  private static HubException nothingToPull(ModelReference reference, FileChoice choice) {
    boolean gguf =
        choice.skipped().stream().anyMatch(s -> FileKind.of(s.file().name()) == FileKind.GGUF);
    return new HubException(
        Reason.NOTHING_TO_PULL,
        "of the "
            + choice.skipped().size()
            + " files of "
            + reference
            + " there is none to pull: "
            + (gguf
                ? "name the GGUF file to have with --include"
                : "check --include and --exclude, and that the repository holds safetensors"));
  }

  /** Bytes free where the cache is, or will be. */
  private long freeDisk() throws IOException {
    Path existing = settings().cache().root().toAbsolutePath();
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    return Files.getFileStore(existing).getUsableSpace();
  }

  /**
   * Does what {@code plan} says. Blocks until the model is in place; interrupting the thread ends
   * the pull with {@link HubException.Reason#CANCELLED}.
   *
   * @param listener called from the download threads
   * @throws HubException with the reason
   * @throws QuernException if the cache holds something unreadable
   */
  public PulledModel pull(PullPlan plan, PullListener listener) {
    if (plan.offline()) {
      return finished(OfflinePlan.pull(plan), listener);
    }
    ModelFolder folder = ModelFolder.of(settings().cache(), plan.reference().id());
    try {
      Files.createDirectories(settings().cache().root());
      SafeFolders.make(settings().cache().root(), folder.locks());
      return pullLocked(plan, folder, listener);
    } catch (IOException e) {
      throw DiskFailures.of(settings().cache().root(), e);
    }
  }

  private PulledModel pullLocked(PullPlan plan, ModelFolder folder, PullListener listener)
      throws IOException {
    try (BlobLock _ = BlobLock.acquireShared(folder.pullLock())) {
      prepare(folder);
      checkSpace(plan);
      PullRun run = new PullRun(plan, folder, parts, listener);
      List<FileDigest> digests = run.bringBlobs();
      List<HubFile> files = plan.files().stream().map(PlannedFile::file).toList();
      CheckpointManifest manifest =
          new SnapshotWriter(folder, plan.commit(), settings().links())
              .publish(plan.reference().revision(), files, digests);
      return finished(
          new PulledModel(
              plan.reference(), plan.commit(), plan.snapshot(), manifest, run.bytesFetched()),
          listener);
    }
  }

  private static PulledModel finished(PulledModel model, PullListener listener) {
    listener.finished(model);
    return model;
  }

  private void prepare(ModelFolder folder) throws IOException {
    HubCache cache = settings().cache();
    Files.createDirectories(folder.root());
    for (Path each :
        List.of(
            folder.blobs(),
            folder.refs(),
            folder.snapshots(),
            folder.partials(),
            folder.verified(),
            folder.manifests(),
            folder.staging())) {
      SafeFolders.make(folder.root(), each);
    }
    Path mark = cache.root().resolve("CACHEDIR.TAG");
    if (!Files.exists(mark, LinkOption.NOFOLLOW_LINKS)) {
      // bford.info/cachedir: backup programs leave such folders out.
      SafeFolders.write(
          mark,
          "Signature: 8a477f597d28d172789f06886806bc55\n# Models that can be fetched again.\n",
          folder.staging());
    }
  }

  /**
   * What other processes fetch meanwhile needs room as well, so this is asked at the last moment.
   */
  private void checkSpace(PullPlan plan) throws IOException {
    long free = freeDisk();
    if (plan.bytesToFetch() > free) {
      throw new HubException(
          Reason.DISK_FULL,
          plan.reference()
              + " needs "
              + plan.bytesToFetch()
              + " more bytes, and the disk of "
              + settings().cache().root()
              + " has "
              + free
              + " free: free some space, or name another cache with HF_HUB_CACHE");
    }
  }

  @Override
  public void close() {
    parts.http().close();
  }
}
