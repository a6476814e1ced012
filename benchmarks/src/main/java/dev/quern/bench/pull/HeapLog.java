package dev.quern.bench.pull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a JVM wrote about its garbage collections with {@code -Xlog:gc}. */
final class HeapLog {
  /** Such as {@code GC(3) Pause Young (Allocation Failure) 21M->4M(61M) 1.234ms}. */
  private static final Pattern COLLECTION = Pattern.compile("Pause .* \\d+M->(\\d+)M\\(");

  private HeapLog() {}

  /**
   * The most megabytes that a collection left. What lived was no more: a collection of the young
   * generation keeps the garbage of the old one.
   */
  static long mostLeft(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .map(COLLECTION::matcher)
          .filter(Matcher::find)
          .mapToLong(collection -> Long.parseLong(collection.group(1)))
          .max()
          .orElse(0);
    }
  }
}
