package dev.quern.supplier.cli.terminal;

import java.io.PrintStream;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Shows a transfer while it lasts, from a thread of its own. */
public final class ProgressDisplay implements AutoCloseable {
  private static final long FRAME_MILLIS = 150;

  private final Transfer transfer;
  private final Painter painter;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread thread;

  private ProgressDisplay(Transfer transfer, Painter painter) {
    this.transfer = transfer;
    this.painter = painter;
    this.thread = Thread.ofPlatform().name("progress").daemon().unstarted(this::run);
  }

  /**
   * Shows it to a person.
   *
   * @param out the stream that leads to {@code terminal}
   * @param terminal absent: plain lines
   */
  public static ProgressDisplay forPerson(
      Transfer transfer, PrintStream out, Optional<Terminal> terminal) {
    Painter painter =
        terminal
            .<Painter>map(known -> new TerminalPainter(out, known::size))
            .orElseGet(() -> new LinePainter(out));
    return started(transfer, painter);
  }

  /** Shows it to a program, as JSON lines. */
  public static ProgressDisplay forProgram(Transfer transfer, PrintStream out) {
    return started(transfer, new JsonPainter(out));
  }

  private static ProgressDisplay started(Transfer transfer, Painter painter) {
    ProgressDisplay display = new ProgressDisplay(transfer, painter);
    display.thread.start();
    return display;
  }

  private void run() {
    try {
      do {
        painter.paint(transfer.look(), System.nanoTime());
      } while (!ended.await(FRAME_MILLIS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    painter.end(transfer.look(), System.nanoTime());
  }

  /** Shows the rest; the stream is then free for others. */
  @Override
  public void close() {
    ended.countDown();
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
