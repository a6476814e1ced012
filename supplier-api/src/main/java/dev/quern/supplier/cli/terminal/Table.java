package dev.quern.supplier.cli.terminal;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Rows whose columns are as wide as their widest text. */
public final class Table {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();
  private final int firstNumber;

  /**
   * A table.
   *
   * @param firstNumber the column from which on texts stand at the right, as numbers do
   * @param heading one text a column
   */
  public Table(int firstNumber, String... heading) {
    this.firstNumber = firstNumber;
    rows.add(List.of(heading));
  }

  /** Adds a row of as many texts as the heading has. */
  public void row(String... texts) {
    if (texts.length != rows.getFirst().size()) {
      throw new IllegalArgumentException(texts.length + " texts for " + rows.getFirst());
    }
    rows.add(List.of(texts).stream().map(Columns::printable).toList());
  }

  public void print(PrintStream out) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], Columns.width(row.get(i)));
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String space = " ".repeat(widths[i] - Columns.width(row.get(i)));
        line.append(i == 0 ? "" : GAP);
        line.append(i < firstNumber ? row.get(i) + space : space + row.get(i));
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
