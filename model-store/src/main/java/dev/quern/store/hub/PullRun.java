package dev.quern.store.hub;

import dev.quern.store.FileDigest;
import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

/**
 * One pull: a few threads that each see to a file, and as many download threads as connections.
 *
 * <p>A file that another process is downloading is put to the end, so that processes which pull the
 * same model share the work and meet again when little is left.
 */
final class PullRun {
  private static final int FILES_AT_ONCE = 4;
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private final PullPlan plan;
  private final ModelFolder folder;
  private final Hub.Parts hub;
  private final PullListener listener;
  private final VerifiedBlobs verified;
  private final SegmentQueue queue = new SegmentQueue();
  private final Deque<HubFile> files = new ConcurrentLinkedDeque<>();
  private final Set<HubFile> waitedFor = ConcurrentHashMap.newKeySet();
  private final Map<HubFile, FileDigest> digests = new ConcurrentHashMap<>();
  private final LongAdder fetched = new LongAdder();

  PullRun(PullPlan plan, ModelFolder folder, Hub.Parts hub, PullListener listener) {
    this.plan = plan;
    this.folder = folder;
    this.hub = hub;
    this.listener = listener;
    this.verified = new VerifiedBlobs(folder);
    // The largest first: it takes longest whatever happens beside it.
    plan.files().stream()
        .map(PlannedFile::file)
        .sorted(Comparator.comparingLong(HubFile::size).reversed())
        .forEach(files::add);
  }

  /** Bytes of contents that came over the network. */
  long bytesFetched() {
    return fetched.sum();
  }

  /**
   * Brings all blobs of the plan. Blocks.
   *
   * @return the digest of each file, in order of path
   */
  List<FileDigest> bringBlobs() throws IOException {
    try (ExecutorService threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name("quern-pull-", 0).factory())) {
      ExecutorCompletionService<Void> fileThreads = new ExecutorCompletionService<>(threads);
      try {
        for (int i = 0; i < hub.settings().connections(); i++) {
          threads.execute(this::download);
        }
        int count = Math.min(FILES_AT_ONCE, files.size());
        for (int i = 0; i < count; i++) {
          fileThreads.submit(this::seeToFiles, null);
        }
        for (int i = 0; i < count; i++) {
          fileThreads.take().get();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new HubException(Reason.CANCELLED, "the pull was interrupted", e);
      } catch (ExecutionException e) {
        throw failure(e);
      } finally {
        queue.close();
        threads.shutdownNow();
      }
    }
    return new ArrayList<>(digests.values())
        .stream().sorted(Comparator.comparing(FileDigest::file)).toList();
  }

  private static RuntimeException failure(ExecutionException failed) {
    Throwable cause = failed.getCause();
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
  }

  /** A download thread. */
  private void download() {
    try {
      for (Optional<SegmentQueue.Work> work = queue.take(); work.isPresent(); work = queue.take()) {
        work.get().transfer().fetch(work.get().segment());
        queue.wake();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A file thread. */
  private void seeToFiles() {
    try {
      HubFile file = files.pollFirst();
      while (file != null) {
        Optional<FileDigest> digest = new FileDownload(this, file).tryRun();
        if (digest.isPresent()) {
          digests.put(file, digest.get());
        } else {
          putBack(file);
        }
        file = files.pollFirst();
      }
    } catch (IOException e) {
      throw DiskFailures.of(hub.settings().cache().root(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException(Reason.CANCELLED, "the pull was interrupted", e);
    }
  }

  private void putBack(HubFile file) throws InterruptedException {
    if (waitedFor.add(file)) {
      listener.fileWaiting(file);
    } else {
      Thread.sleep(LOOK_AGAIN);
    }
    files.addLast(file);
  }

  FileTransfer transfer(HubFile file, PartialFile partial) {
    FileSource source =
        new FileSource(
            hub.http(),
            new HubAnswers(hub.settings()),
            plan.reference(),
            plan.commit(),
            file,
            hub.api().fileUri(plan.reference(), plan.commit(), file.path()));
    return new FileTransfer(
        file, source, partial, queue, hub.retries(), listener, fetched, hub.segmentBytes());
  }

  ModelFolder folder() {
    return folder;
  }

  Path snapshot() {
    return plan.snapshot();
  }

  SegmentQueue queue() {
    return queue;
  }

  PullListener listener() {
    return listener;
  }

  VerifiedBlobs verified() {
    return verified;
  }
}
