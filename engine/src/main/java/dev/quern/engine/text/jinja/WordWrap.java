package dev.quern.engine.text.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Greedy wrapping of one line as Python's {@code textwrap} does it, white space kept within lines.
 */
final class WordWrap {
  private static final Pattern CHUNK = Pattern.compile("[ \\t]+|[^ \\t]+");
  private static final Pattern HYPHEN =
      Pattern.compile("(?<=[\\p{L}\\p{N}_!\"'&.,?][\\p{L}]?-)(?=\\p{L})");

  private WordWrap() {}

  static List<String> wrap(String line, int width, boolean breakLong, boolean hyphens) {
    if (width <= 0) {
      throw new EvaluationError("invalid width " + width + " (must be > 0)");
    }
    Deque<String> chunks = chunks(line, hyphens);
    List<String> lines = new ArrayList<>();
    while (!chunks.isEmpty()) {
      if (!lines.isEmpty() && chunks.getFirst().isBlank()) {
        chunks.removeFirst();
        continue;
      }
      StringBuilder current = new StringBuilder();
      while (!chunks.isEmpty() && current.length() + chunks.getFirst().length() <= width) {
        current.append(chunks.removeFirst());
      }
      if (!chunks.isEmpty() && chunks.getFirst().length() > width) {
        breakChunk(chunks, current, width, breakLong);
      }
      String text = PythonStrings.strip(current.toString(), null, false, true);
      if (!text.isEmpty()) {
        lines.add(text);
      }
    }
    return lines;
  }

  private static Deque<String> chunks(String line, boolean hyphens) {
    Deque<String> chunks = new ArrayDeque<>();
    Matcher chunk = CHUNK.matcher(line);
    while (chunk.find()) {
      chunks.addAll(
          hyphens && !chunk.group().isBlank()
              ? List.of(HYPHEN.split(chunk.group()))
              : List.of(chunk.group()));
    }
    return chunks;
  }

  private static void breakChunk(
      Deque<String> chunks, StringBuilder current, int width, boolean breakLong) {
    if (breakLong) {
      String chunk = chunks.removeFirst();
      int room = Math.max(1, width - current.length());
      current.append(chunk, 0, room);
      chunks.addFirst(chunk.substring(room));
    } else if (current.isEmpty()) {
      current.append(chunks.removeFirst());
    }
  }
}
