package dev.quern.supplier.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * The process's log on standard error, one line a record. Warnings and worse unless itself what it
 * does; DJL's warnings are of no use to an operator (its errors reach one as exceptions).
 */
final class Logs {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

  // Loggers are held weakly by the log manager: a level set on a lost one is lost with it.
  private final List<Logger> configured;

  private Logs(List<Logger> configured) {
    this.configured = configured;
  }

  /** Sets the log up; keep the result as long as the process. */
  static Logs configure(boolean debug) {
    Logger root = Logger.getLogger("");
    for (var handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    ConsoleHandler handler = new ConsoleHandler();
    handler.setFormatter(new Line());
    handler.setLevel(Level.ALL);
    root.addHandler(handler);
    root.setLevel(debug ? Level.INFO : Level.WARNING);
    Logger quern = Logger.getLogger("dev.quern");
    quern.setLevel(debug ? Level.FINE : Level.WARNING);
    Logger djl = Logger.getLogger("ai.djl");
    djl.setLevel(debug ? Level.INFO : Level.SEVERE);
    return new Logs(List.of(root, quern, djl));
  }

  @Override
  public String toString() {
    return "levels of " + configured.stream().map(Logger::getName).toList();
  }

  private static final class Line extends Formatter {
    @Override
    public String format(LogRecord entry) {
      String level =
          entry.getLevel().intValue() >= Level.WARNING.intValue()
              ? entry.getLevel().getName().toLowerCase(java.util.Locale.ROOT) + " "
              : "";
      StringWriter text = new StringWriter();
      text.append(TIME.format(Instant.ofEpochMilli(entry.getMillis())))
          .append(' ')
          .append(level)
          .append(room(String.valueOf(entry.getLoggerName())))
          .append(": ")
          .append(formatMessage(entry))
          .append(System.lineSeparator());
      if (entry.getThrown() != null) {
        entry.getThrown().printStackTrace(new PrintWriter(text, true));
      }
      return text.toString();
    }

    /** The class's own name: enough to find it. */
    private static String room(String logger) {
      return logger.substring(logger.lastIndexOf('.') + 1);
    }
  }
}
