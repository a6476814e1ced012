package dev.quern.supplier.cli.terminal;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * A block of lines at the bottom of a terminal, one for each file being worked on and one for all,
 * that is redrawn in place; what stays scrolls away above it. Only the cursor movements of ECMA-48
 * that every terminal has are used, and the cursor always rests below the block, so that the
 * terminal is sound if the process dies at any moment.
 */
final class TerminalPainter implements Painter {
  private static final String CLEAR_BELOW = "\u001b[J";
  private static final int MOST_FILES = 16;
  private static final String TOTAL = "Total";
  private static final String INDENT = "  ";
  private static final String GAP = "  ";

  private final PrintStream out;
  private final Supplier<Terminal.Size> size;
  private final Speed speed = new Speed();
  private List<Integer> drawnWidths = List.of();

  /**
   * A painter.
   *
   * @param size asked for before each frame
   */
  TerminalPainter(PrintStream out, Supplier<Terminal.Size> size) {
    this.out = out;
    this.size = size;
  }

  @Override
  public void paint(Transfer.View view, long nanos) {
    speed.sample(nanos, view.doneBytes());
    Terminal.Size now = size.get();
    draw(view, block(view, now), now);
  }

  @Override
  public void end(Transfer.View view, long nanos) {
    draw(view, List.of(), size.get());
  }

  private void draw(Transfer.View view, List<String> block, Terminal.Size now) {
    StringBuilder frame = new StringBuilder();
    int rows = rowsDrawn(now.columns());
    if (rows > 0) {
      frame.append("\u001b[%dA".formatted(rows)).append('\r').append(CLEAR_BELOW);
    }
    for (TransferEvent event : view.events()) {
      Progress.line(event).ifPresent(line -> frame.append(line).append('\n'));
    }
    for (String line : block) {
      frame.append(line).append('\n');
    }
    // One write, so that no half frame is ever seen.
    out.print(frame);
    out.flush();
    drawnWidths = block.stream().map(Columns::width).toList();
  }

  /** Rows that the last block takes now: a terminal that became narrower has wrapped its lines. */
  private int rowsDrawn(int columns) {
    return drawnWidths.stream().mapToInt(width -> Math.max(1, ceilDiv(width, columns))).sum();
  }

  private static int ceilDiv(int width, int columns) {
    return (width + columns - 1) / columns;
  }

  private List<String> block(Transfer.View view, Terminal.Size now) {
    // The last column stays free: a letter there makes some terminals begin another line.
    int columns = Math.max(1, now.columns() - 1);
    int most = Math.max(0, Math.min(MOST_FILES, now.rows() - 3));
    List<Transfer.ActiveFile> shown = view.active().stream().limit(most).toList();
    int longest =
        shown.stream()
            .mapToInt(file -> INDENT.length() + Columns.width(Columns.printable(file.name())))
            .max()
            .orElse(0);
    Layout layout = Layout.of(longest, columns);
    List<String> lines = new ArrayList<>();
    for (Transfer.ActiveFile file : shown) {
      lines.add(layout.line(file));
    }
    lines.add(totalLine(view, columns));
    return lines;
  }

  /** As many of the parts, the first ones first, as there is room for; they say more than a bar. */
  private String totalLine(Transfer.View view, int columns) {
    StringBuilder line = new StringBuilder(TOTAL);
    for (String part : Progress.parts(view, speed)) {
      if (line.length() + GAP.length() + part.length() > columns) {
        break;
      }
      line.append(GAP).append(part);
    }
    return line.length() <= columns ? line.toString() : Columns.fitted(TOTAL, columns);
  }

  /**
   * Columns that the lines of all files share, so that bars and numbers stand below each other.
   *
   * @param bar 0 where there is no room for one
   */
  private record Layout(int columns, int name, int bar) {
    private static final int LEAST_BAR = 8;
    private static final int MOST_BAR = 40;
    private static final int NUMBERS = "  100 %  999 MB of 999 MB".length();

    static Layout of(int longestName, int columns) {
      int name = Math.min(longestName, columns * 2 / 5);
      int room = columns - name - NUMBERS - GAP.length();
      return new Layout(columns, name, room < LEAST_BAR ? 0 : Math.min(MOST_BAR, room));
    }

    String line(Transfer.ActiveFile file) {
      String line =
          Columns.fitted(INDENT + Columns.printable(file.name()), name)
              + (bar > 0 ? GAP + bar(file.done(), file.bytes()) : "")
              + GAP
              + Progress.percent(file.done(), file.bytes())
              + GAP
              + Progress.sizes(file.done(), file.bytes());
      return Columns.width(line) <= columns ? line : Columns.fitted(line, columns);
    }

    private String bar(long done, long total) {
      int inner = bar - 2;
      int filled = total == 0 ? inner : (int) Math.clamp(inner * ((double) done / total), 0, inner);
      String head = filled == inner ? "" : ">";
      return "[" + "=".repeat(filled) + head + " ".repeat(inner - filled - head.length()) + "]";
    }
  }
}
