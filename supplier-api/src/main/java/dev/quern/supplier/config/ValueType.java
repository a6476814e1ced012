package dev.quern.supplier.config;

import dev.quern.engine.model.EncoderTask;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A kind of value: how its text is read and, for a person, what is accepted.
 *
 * @param placeholder what help writes after the flag; empty for a switch
 * @param accepted completes the sentence "accepted: ..."
 * @param reader the value of a text, or empty when it is not accepted
 */
public record ValueType<T>(
    String placeholder, String accepted, Function<String, Optional<T>> reader) {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)\\s*([A-Za-z]*)");
  private static final Pattern DEVICE = Pattern.compile("auto|cpu|cuda:\\d{1,3}");

  /** Any text but an empty one. */
  public static ValueType<String> text(String placeholder, String accepted) {
    return new ValueType<>(
        placeholder,
        accepted,
        text -> text.isBlank() ? Optional.empty() : Optional.of(text.strip()));
  }

  /** A whole number in {@code [least, most]}. */
  public static ValueType<Integer> integer(int least, int most) {
    return whole(least, most, Integer::valueOf);
  }

  /** A whole number in {@code [least, most]}. */
  public static ValueType<Long> longInteger(long least, long most) {
    return whole(least, most, Long::valueOf);
  }

  private static <T extends Number> ValueType<T> whole(
      long least, long most, Function<String, T> reader) {
    return new ValueType<>(
        "N",
        "a whole number from " + least + " to " + most,
        text ->
            number(text, reader)
                .filter(value -> value.longValue() >= least && value.longValue() <= most));
  }

  /** A decimal number in {@code [least, most]}. */
  public static ValueType<Double> decimal(double least, double most) {
    return new ValueType<>(
        "X",
        "a number from " + plain(least) + " to " + plain(most),
        text -> number(text, Double::valueOf).filter(value -> value >= least && value <= most));
  }

  /** A switch. */
  public static ValueType<Boolean> flag() {
    return new ValueType<>(
        "",
        "true or false",
        text ->
            switch (text.strip()) {
              case "true" -> Optional.of(true);
              case "false" -> Optional.of(false);
              default -> Optional.empty();
            });
  }

  /** One of a few words. */
  public static ValueType<String> choice(String... words) {
    List<String> choices = List.of(words);
    return new ValueType<>(
        String.join("|", choices),
        String.join(", ", choices.subList(0, choices.size() - 1)) + " or " + choices.getLast(),
        text -> Optional.of(text.strip()).filter(choices::contains));
  }

  /** {@code auto}, {@code cpu} or {@code cuda:N}. */
  public static ValueType<String> device() {
    return new ValueType<>(
        "auto|cpu|cuda:N",
        "auto, cpu or cuda:N with the number of a GPU",
        text -> Optional.of(text.strip()).filter(device -> DEVICE.matcher(device).matches()));
  }

  /** Bytes: a number with an optional unit, of 1000 (kB, MB, GB, TB) or 1024 (KiB, MiB, ...). */
  public static ValueType<Long> size(long least) {
    return new ValueType<>(
        "SIZE",
        "a size of at least " + least + " bytes, such as 2GiB, 512MB or 1048576",
        text -> bytes(text.strip()).filter(bytes -> bytes >= least));
  }

  /** {@code NAME=MODEL}. */
  public static ValueType<Alias> alias() {
    return new ValueType<>(
        "NAME=MODEL",
        "NAME=MODEL, neither of them empty",
        text -> {
          int equals = text.indexOf('=');
          if (equals < 0) {
            return Optional.empty();
          }
          String name = text.substring(0, equals).strip();
          String model = text.substring(equals + 1).strip();
          return name.isEmpty() || model.isEmpty()
              ? Optional.empty()
              : Optional.of(new Alias(name, model));
        });
  }

  /** {@code MODEL=TASK}. */
  public static ValueType<ModelTask> modelTask() {
    return new ValueType<>(
        "MODEL=TASK",
        "MODEL=TASK, where TASK is embed, rerank or classify",
        text -> {
          int equals = text.lastIndexOf('=');
          return equals < 1
              ? Optional.empty()
              : task(text.substring(equals + 1).strip())
                  .map(task -> new ModelTask(text.substring(0, equals).strip(), task));
        });
  }

  private static Optional<EncoderTask> task(String word) {
    return switch (word) {
      case "embed" -> Optional.of(EncoderTask.EMBEDDING);
      case "rerank" -> Optional.of(EncoderTask.RERANKING);
      case "classify" -> Optional.of(EncoderTask.CLASSIFICATION);
      default -> Optional.empty();
    };
  }

  private static <T> Optional<T> number(String text, Function<String, T> reader) {
    try {
      return Optional.of(reader.apply(text.strip()));
    } catch (NumberFormatException malformed) {
      return Optional.empty();
    }
  }

  private static Optional<Long> bytes(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return unit(matcher.group(2))
        .map(unit -> Double.parseDouble(matcher.group(1)) * unit)
        .filter(bytes -> bytes < Long.MAX_VALUE)
        .map(Double::longValue);
  }

  private static Optional<Double> unit(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.isEmpty() || lower.equals("b")) {
      return Optional.of(1.0);
    }
    int power = 1 + "kmgt".indexOf(lower.charAt(0));
    if (power == 0) {
      return Optional.empty();
    }
    return switch (lower.substring(1)) {
      case "ib" -> Optional.of(Math.pow(1024, power));
      case "b" -> Optional.of(Math.pow(1000, power));
      default -> Optional.empty();
    };
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  /** Words that a mistyped {@code word} may have meant, the nearest first; within two edits. */
  static Optional<String> nearest(String word, List<String> known) {
    return known.stream()
        .filter(candidate -> edits(word, candidate) <= 2)
        .min((left, right) -> Integer.compare(edits(word, left), edits(word, right)));
  }

  /** Levenshtein's distance. */
  private static int edits(String left, String right) {
    int[] previous = new int[right.length() + 1];
    Arrays.setAll(previous, index -> index);
    for (int i = 1; i <= left.length(); i++) {
      int[] current = new int[right.length() + 1];
      current[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int change = left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1;
        current[j] = Math.min(previous[j - 1] + change, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[right.length()];
  }
}
