package dev.quern.bench.peers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Every figure of every round; medians side by side as a Markdown table. */
final class ResultTable {
  private final Map<String, Map<String, List<Double>>> rows = new LinkedHashMap<>();

  /** Adds one round's value of a row for a server. */
  void add(String row, String server, double value) {
    rows.computeIfAbsent(row, r -> new LinkedHashMap<>())
        .computeIfAbsent(server, s -> new ArrayList<>())
        .add(value);
  }

  /** A row a figure, a column a server, and the ratio of the first two. */
  String markdown(String first, String second) {
    StringBuilder text =
        new StringBuilder(
            "| figure | %s | %s | %s / %s |\n|---|---|---|---|\n"
                .formatted(first, second, first, second));
    rows.forEach(
        (row, servers) -> {
          double one = median(servers.getOrDefault(first, List.of()));
          double other = median(servers.getOrDefault(second, List.of()));
          text.append(
              "| %s | %s | %s | %s |\n".formatted(row, cell(one), cell(other), cell(one / other)));
        });
    return text.toString();
  }

  private static double median(List<Double> values) {
    if (values.isEmpty()) {
      return Double.NaN;
    }
    double[] ascending = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = ascending.length / 2;
    return ascending.length % 2 == 1
        ? ascending[middle]
        : Arrays.stream(ascending, middle - 1, middle + 1).average().orElseThrow();
  }

  private static String cell(double value) {
    if (!Double.isFinite(value)) {
      return "";
    }
    return String.format(Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : "%.3g", value);
  }
}
