package dev.quern.store.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sets the access times of files back after a look at them, so that looking does not count as
 * using: "last used" is read from these times.
 */
public final class ReadTimes implements AutoCloseable {
  private final Map<Path, FileTime> times = new LinkedHashMap<>();

  private ReadTimes() {}

  /** Notes the times of a revision's files as they are now; {@link #close} restores them. */
  public static ReadTimes of(CachedRevision revision) {
    return of(List.of(revision));
  }

  /** Notes the times of the files of several revisions. */
  public static ReadTimes of(List<CachedRevision> revisions) {
    ReadTimes times = new ReadTimes();
    for (CachedRevision revision : revisions) {
      for (CachedFile file : revision.files()) {
        if (!file.absent()) {
          times.times.put(file.location(), FileTime.from(file.lastUsed()));
        }
      }
    }
    return times;
  }

  @Override
  public void close() {
    times.forEach(ReadTimes::restore);
  }

  private static void restore(Path file, FileTime time) {
    try {
      BasicFileAttributeView view = Files.getFileAttributeView(file, BasicFileAttributeView.class);
      if (!view.readAttributes().lastAccessTime().equals(time)) {
        view.setTimes(null, time, null);
      }
    } catch (IOException e) {
      // Somebody else's file, or a read-only disk: the time says a little less, no more.
      return;
    }
  }
}
