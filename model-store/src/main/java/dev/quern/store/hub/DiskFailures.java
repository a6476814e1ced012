package dev.quern.store.hub;

import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.Locale;

/** Turns failures to write the cache into errors that say what to do. */
final class DiskFailures {
  private DiskFailures() {}

  static HubException of(Path cache, IOException cause) {
    String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    // The JDK has no types for these; their texts are the C library's.
    if (text.contains("no space left") || text.contains("quota exceeded")) {
      return new HubException(
          Reason.DISK_FULL,
          "the disk of "
              + cache
              + " is full: free some space, or name another cache with HF_HUB_CACHE. What was"
              + " fetched is kept; the same command goes on from there",
          cause);
    }
    if (cause instanceof AccessDeniedException
        || text.contains("read-only file system")
        || text.contains("permission denied")
        || text.contains("operation not permitted")) {
      return new HubException(
          Reason.CACHE_NOT_WRITABLE,
          "the cache "
              + cache
              + " cannot be written ("
              + cause.getMessage()
              + "): make it writable for this user, or name another with HF_HUB_CACHE",
          cause);
    }
    return new HubException(
        Reason.CACHE_NOT_WRITABLE,
        "writing the cache "
            + cache
            + " failed ("
            + cause
            + "): check the disk, or name another cache with HF_HUB_CACHE",
        cause);
  }
}
