package dev.quern.supplier.cli.terminal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What painters for people say alike. */
final class Progress {
  private Progress() {}

  /** The line that stays of an event, if any does. */
  static Optional<String> line(TransferEvent event) {
    return switch (event) {
      case TransferEvent.Started started -> Optional.empty();
      case TransferEvent.Finished(String file, long bytes, String outcome) ->
          Optional.of("  " + Columns.printable(file) + "  " + Units.bytes(bytes) + "  " + outcome);
      case TransferEvent.Noted(String file, String text) ->
          Optional.of("  " + Columns.printable(file) + ": " + Columns.printable(text));
    };
  }

  /** How far all is, the most important part first. */
  static List<String> parts(Transfer.View view, Speed speed) {
    List<String> parts = new ArrayList<>();
    parts.add(percent(view.doneBytes(), view.totalBytes()));
    parts.add(sizes(view.doneBytes(), view.totalBytes()));
    speed.bytesPerSecond().ifPresent(rate -> parts.add(Units.bytes(Math.round(rate)) + "/s"));
    speed
        .timeFor(Math.max(0, view.totalBytes() - view.doneBytes()))
        .ifPresent(left -> parts.add(Units.duration(left) + " left"));
    parts.add(view.finishedFiles() + " of " + Units.of(view.files(), "file"));
    return parts;
  }

  /** Of constant width, so that what follows stands still. */
  static String sizes(long done, long total) {
    return "%6s of %-6s".formatted(Units.bytes(done), Units.bytes(total));
  }

  /** Rounded down: 100 % means all. */
  static String percent(long done, long total) {
    return "%3d %%".formatted(total == 0 ? 100 : (long) (100.0 * done / total));
  }
}
