package dev.quern.store.hub;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a pull would do, after asking the hub and looking into the cache; nothing is written yet.
 *
 * @param commit that the reference's revision names now, as 40 hexadecimal digits
 * @param snapshot the folder that will hold the model, whether it exists or not
 * @param files those to have, in order of path
 * @param skipped those left out, in order of path
 * @param freeDisk bytes free where the cache is
 * @param offline whether the plan was made from the cache alone, because the environment forbids
 *     the network: every file is then present
 */
public record PullPlan(
    ModelReference reference,
    String commit,
    Path snapshot,
    List<PlannedFile> files,
    List<SkippedFile> skipped,
    long freeDisk,
    boolean offline) {
  public PullPlan {
    files = List.copyOf(files);
    skipped = List.copyOf(skipped);
  }

  /** Size of all planned files. */
  public long bytesTotal() {
    return files.stream().mapToLong(file -> file.file().size()).sum();
  }

  /** How much must still come over the network; files of the same content come once. */
  public long bytesToFetch() {
    Map<ContentDigest, Long> contents = new HashMap<>();
    files.forEach(file -> contents.put(file.file().digest(), file.bytesToFetch()));
    return contents.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Whether the disk has room for what is to be fetched. */
  public boolean fitsDisk() {
    return bytesToFetch() <= freeDisk;
  }
}
