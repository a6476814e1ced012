package dev.quern.engine.text.jinja;

import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/**
 * Python's {@code strftime} in the C locale, with glibc's {@code -}, {@code _} and {@code 0} flags.
 */
final class Strftime {
  private Strftime() {}

  static String format(ZonedDateTime time, String format) {
    StringBuilder text = new StringBuilder();
    for (int at = 0; at < format.length(); at++) {
      char c = format.charAt(at);
      if (c != '%' || at + 1 == format.length()) {
        text.append(c);
        continue;
      }
      char flag = format.charAt(++at);
      boolean flagged = "-_0^".indexOf(flag) >= 0 && at + 1 < format.length();
      if (flagged) {
        at++;
      }
      text.append(directive(time, format.charAt(at), flagged ? flag : ' '));
    }
    return text.toString();
  }

  private static String directive(ZonedDateTime time, char letter, char flag) {
    String text =
        switch (letter) {
          case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.US);
          case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.US);
          case 'b', 'h' -> time.getMonth().getDisplayName(TextStyle.SHORT, Locale.US);
          case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.US);
          case 'c' -> format(time, "%a %b %e %H:%M:%S %Y");
          case 'D', 'x' -> format(time, "%m/%d/%y");
          case 'F' -> format(time, "%Y-%m-%d");
          case 'T', 'X' -> format(time, "%H:%M:%S");
          case 'R' -> format(time, "%H:%M");
          case 'r' -> format(time, "%I:%M:%S %p");
          case 'p' -> time.getHour() < 12 ? "AM" : "PM";
          case 'P' -> time.getHour() < 12 ? "am" : "pm";
          case 'n' -> "\n";
          case 't' -> "\t";
          case '%' -> "%";
          // Python's now() is naive: it has no zone to show.
          case 'z', 'Z' -> "";
          default -> number(time, letter, flag);
        };
    return flag == '^' ? text.toUpperCase(Locale.ROOT) : text;
  }

  private static String number(ZonedDateTime time, char letter, char flag) {
    int hour12 = time.getHour() % 12 == 0 ? 12 : time.getHour() % 12;
    int dayOfYear = time.getDayOfYear();
    int fromMonday = time.getDayOfWeek().getValue();
    return switch (letter) {
      case 'd' -> pad(time.getDayOfMonth(), 2, '0', flag);
      case 'e' -> pad(time.getDayOfMonth(), 2, ' ', flag);
      case 'm' -> pad(time.getMonthValue(), 2, '0', flag);
      case 'y' -> pad(time.getYear() % 100, 2, '0', flag);
      case 'Y' -> pad(time.getYear(), 1, '0', flag);
      case 'C' -> pad(time.getYear() / 100, 2, '0', flag);
      case 'H' -> pad(time.getHour(), 2, '0', flag);
      case 'k' -> pad(time.getHour(), 2, ' ', flag);
      case 'I' -> pad(hour12, 2, '0', flag);
      case 'l' -> pad(hour12, 2, ' ', flag);
      case 'M' -> pad(time.getMinute(), 2, '0', flag);
      case 'S' -> pad(time.getSecond(), 2, '0', flag);
      case 'f' -> pad(time.get(ChronoField.MICRO_OF_SECOND), 6, '0', ' ');
      case 'j' -> pad(dayOfYear, 3, '0', flag);
      case 'u' -> pad(fromMonday, 1, '0', flag);
      case 'w' -> pad(fromMonday % 7, 1, '0', flag);
      case 'U' -> pad((dayOfYear + 6 - fromMonday % 7) / 7, 2, '0', flag);
      case 'W' -> pad((dayOfYear + 7 - fromMonday) / 7, 2, '0', flag);
      case 'V' -> pad(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, '0', flag);
      case 'G' -> pad(time.get(IsoFields.WEEK_BASED_YEAR), 4, '0', flag);
      case 'g' -> pad(time.get(IsoFields.WEEK_BASED_YEAR) % 100, 2, '0', flag);
      case 's' -> Long.toString(time.toEpochSecond());
      default -> "%" + (flag == ' ' ? "" : flag) + letter;
    };
  }

  private static String pad(int value, int width, char fill, char flag) {
    String digits = Integer.toString(value);
    char padding = flag == '_' ? ' ' : flag == '0' ? '0' : fill;
    boolean plain = flag == '-' || digits.length() >= width;
    return plain ? digits : String.valueOf(padding).repeat(width - digits.length()) + digits;
  }
}
