package dev.quern.supplier.cli.terminal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far a transfer of files has come. Worker threads report to it, which costs them no input or
 * output; one display asks it. Safe for threads.
 */
public final class Transfer {
  private final int files;
  private final long totalBytes;
  private final Map<String, ActiveFile> active = new LinkedHashMap<>();
  private final List<TransferEvent> events = new ArrayList<>();
  private final Map<String, Long> counted = new HashMap<>();
  private int finishedFiles;
  private long doneBytes;

  /** A file being worked on. */
  record ActiveFile(String name, long bytes, long done) {}

  /**
   * What to show.
   *
   * @param active in the order they began
   * @param events since the last look, in order
   */
  record View(
      int files,
      int finishedFiles,
      long totalBytes,
      long doneBytes,
      List<ActiveFile> active,
      List<TransferEvent> events) {}

  /**
   * A transfer that has not begun.
   *
   * @param files how many, those included that are there already
   * @param totalBytes of all files
   */
  public Transfer(int files, long totalBytes) {
    this.files = files;
    this.totalBytes = totalBytes;
  }

  /** Bytes of a file are there before the transfer begins. */
  public synchronized void isHere(String file, long bytes) {
    count(file, bytes);
  }

  /**
   * Work on a file begins, or begins anew.
   *
   * @param done bytes of it that are there already
   */
  public synchronized void started(String file, long bytes, long done) {
    count(file, done);
    active.put(file, new ActiveFile(file, bytes, done));
    events.add(new TransferEvent.Started(file, bytes, done));
  }

  /** More bytes of a file are done; less, when some have to be done again. */
  public synchronized void advanced(String file, long by) {
    count(file, counted.getOrDefault(file, 0L) + by);
    active.computeIfPresent(
        file, (name, before) -> new ActiveFile(name, before.bytes(), before.done() + by));
  }

  private void count(String file, long done) {
    @Nullable Long before = counted.put(file, done);
    doneBytes += done - (before == null ? 0 : before);
  }

  /**
   * A file is done.
   *
   * @param outcome such as {@code verified}
   */
  public synchronized void finished(String file, long bytes, String outcome) {
    active.remove(file);
    finishedFiles++;
    events.add(new TransferEvent.Finished(file, bytes, outcome));
  }

  /** A file is done, and nobody needs a line for it. */
  public synchronized void finishedQuietly(String file) {
    active.remove(file);
    finishedFiles++;
  }

  /** A person should know. */
  public synchronized void noted(String file, String text) {
    events.add(new TransferEvent.Noted(file, text));
  }

  /** How far it is now; events are handed out once. */
  synchronized View look() {
    View view =
        new View(
            files,
            finishedFiles,
            totalBytes,
            doneBytes,
            List.copyOf(active.values()),
            List.copyOf(events));
    events.clear();
    return view;
  }
}
