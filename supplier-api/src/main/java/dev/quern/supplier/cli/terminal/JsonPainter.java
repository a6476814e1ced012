package dev.quern.supplier.cli.terminal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;

/** JSON, one object a line: what happened when it happens, and once a second how far all is. */
final class JsonPainter implements Painter {
  private static final long INTERVAL_NANOS = 1_000_000_000L;

  private final PrintStream out;
  private final Speed speed = new Speed();
  private long nextNanos;
  private boolean begun;

  JsonPainter(PrintStream out) {
    this.out = out;
  }

  @Override
  public void paint(Transfer.View view, long nanos) {
    sayEvents(view);
    speed.sample(nanos, view.doneBytes());
    if (!begun || nanos - nextNanos >= 0) {
      begun = true;
      nextNanos = nanos + INTERVAL_NANOS;
      sayProgress(view);
    }
  }

  @Override
  public void end(Transfer.View view, long nanos) {
    sayEvents(view);
    sayProgress(view);
  }

  private void sayProgress(Transfer.View view) {
    ObjectNode line = line("progress");
    line.put("done_bytes", view.doneBytes()).put("total_bytes", view.totalBytes());
    line.put("finished_files", view.finishedFiles()).put("files", view.files());
    speed.bytesPerSecond().ifPresent(rate -> line.put("bytes_per_second", Math.round(rate)));
    speed
        .timeFor(Math.max(0, view.totalBytes() - view.doneBytes()))
        .ifPresent(left -> line.put("seconds_left", left.toSeconds()));
    out.println(line);
  }

  private void sayEvents(Transfer.View view) {
    for (TransferEvent event : view.events()) {
      out.println(
          switch (event) {
            case TransferEvent.Started(String file, long bytes, long done) ->
                line("file_started").put("file", file).put("bytes", bytes).put("done_bytes", done);
            case TransferEvent.Finished(String file, long bytes, String outcome) ->
                line("file_finished").put("file", file).put("bytes", bytes).put("outcome", outcome);
            case TransferEvent.Noted(String file, String text) ->
                line("note").put("file", file).put("text", text);
          });
    }
  }

  private static ObjectNode line(String event) {
    return JsonNodeFactory.instance.objectNode().put("event", event);
  }
}
