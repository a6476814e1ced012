package dev.quern.supplier.cli.terminal;

import java.io.PrintStream;

/** Plain lines, for a log or a pipe: each file when it is done, and now and then how far all is. */
final class LinePainter implements Painter {
  private static final long INTERVAL_NANOS = 10_000_000_000L;

  private final PrintStream out;
  private final Speed speed = new Speed();
  private long nextNanos;
  private boolean begun;

  LinePainter(PrintStream out) {
    this.out = out;
  }

  @Override
  public void paint(Transfer.View view, long nanos) {
    sayEvents(view);
    speed.sample(nanos, view.doneBytes());
    if (!begun) {
      begun = true;
      nextNanos = nanos + INTERVAL_NANOS;
    }
    if (nanos - nextNanos >= 0) {
      nextNanos = nanos + INTERVAL_NANOS;
      out.println("  " + String.join("  ", Progress.parts(view, speed)));
    }
  }

  @Override
  public void end(Transfer.View view, long nanos) {
    sayEvents(view);
  }

  private void sayEvents(Transfer.View view) {
    for (TransferEvent event : view.events()) {
      Progress.line(event).ifPresent(out::println);
    }
  }
}
