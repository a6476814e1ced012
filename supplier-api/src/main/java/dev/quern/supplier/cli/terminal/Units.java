package dev.quern.supplier.cli.terminal;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Large numbers for a person. */
public final class Units {
  private Units() {}

  /** Such as {@code 1.2 GB}. */
  public static String bytes(long bytes) {
    return scaled(bytes, " ", new String[] {"B", "kB", "MB", "GB", "TB"});
  }

  /** Such as {@code 7.6B}. */
  public static String count(long count) {
    return scaled(count, "", new String[] {"", "k", "M", "B", "T"});
  }

  /** The two largest units, such as {@code 51 s}, {@code 3 min 20 s} or {@code 2 h 5 min}. */
  public static String duration(Duration duration) {
    long seconds = Math.max(0, duration.toSeconds());
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return seconds / 60 + " min " + seconds % 60 + " s";
    }
    if (seconds < 100 * 3600) {
      return seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }
    return seconds / 86_400 + " days";
  }

  /** Such as {@code 3 files} or {@code 1 file}. */
  public static String of(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /** How long ago, or the day when it is months ago. */
  public static String ago(Instant then, Instant now) {
    Duration age = Duration.between(then, now);
    if (age.toMinutes() < 1) {
      return "just now";
    }
    if (age.toHours() < 1) {
      return age.toMinutes() + " min ago";
    }
    if (age.toDays() < 2) {
      return age.toHours() + " h ago";
    }
    return age.toDays() < 60 ? age.toDays() + " days ago" : then.toString().substring(0, 10);
  }

  private static String scaled(long number, String space, String[] units) {
    double value = number;
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    String digits =
        unit == 0
            ? Long.toString(number)
            : String.format(Locale.ROOT, value < 10 ? "%.1f" : "%.0f", value);
    return digits + space + units[unit];
  }
}
