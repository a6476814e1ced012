package dev.quern.supplier.cli.terminal;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A terminal without scrolling: what a person would see after everything written to it. */
public final class Screen {
  private static final Pattern CONTROL = Pattern.compile("\u001b\\[(\\d*)([AJ])");

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final List<StringBuilder> rows = new ArrayList<>();
  private int columns;
  private int row;
  private int column;

  public Screen(int columns) {
    this.columns = columns;
  }

  /** What is written here is seen. */
  public PrintStream stream() {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  /** Makes the window narrower or wider; lines that no longer fit are wrapped, as most do. */
  public void resize(int to) {
    lines();
    List<StringBuilder> wrapped = new ArrayList<>();
    int movedRow = 0;
    for (int i = 0; i < rows.size(); i++) {
      if (i == row) {
        movedRow = wrapped.size();
      }
      String rest = rows.get(i).toString();
      do {
        int end = Math.min(to, rest.length());
        wrapped.add(new StringBuilder(rest.substring(0, end)));
        rest = rest.substring(end);
      } while (!rest.isEmpty());
    }
    row = row >= rows.size() ? wrapped.size() : movedRow;
    rows.clear();
    rows.addAll(wrapped);
    columns = to;
  }

  /** Rows from the top without spaces at their ends; none after the last that has a letter. */
  public List<String> lines() {
    String text = bytes.toString(StandardCharsets.UTF_8);
    bytes.reset();
    Matcher control = CONTROL.matcher(text);
    for (int at = 0; at < text.length(); ) {
      if (text.charAt(at) == '\u001b') {
        if (!control.find(at) || control.start() != at) {
          throw new AssertionError("an unknown control sequence");
        }
        apply(control.group(1), control.group(2));
        at = control.end();
      } else {
        write(text.charAt(at++));
      }
    }
    List<String> lines =
        new ArrayList<>(rows.stream().map(r -> r.toString().stripTrailing()).toList());
    while (!lines.isEmpty() && lines.getLast().isEmpty()) {
      lines.removeLast();
    }
    return lines;
  }

  private void apply(String number, String command) {
    switch (command) {
      case "A" -> row = Math.max(0, row - Integer.parseInt(number));
      default -> {
        current().setLength(Math.min(column, current().length()));
        while (rows.size() > row + 1) {
          rows.removeLast();
        }
      }
    }
  }

  private void write(char letter) {
    switch (letter) {
      case '\r' -> column = 0;
      case '\n' -> {
        row++;
        column = 0;
      }
      default -> {
        if (letter < ' ') {
          throw new AssertionError("control character " + (int) letter);
        }
        if (column == columns) {
          row++;
          column = 0;
        }
        StringBuilder current = current();
        while (current.length() <= column) {
          current.append(' ');
        }
        current.setCharAt(column++, letter);
      }
    }
  }

  private StringBuilder current() {
    while (rows.size() <= row) {
      rows.add(new StringBuilder());
    }
    return rows.get(row);
  }
}
