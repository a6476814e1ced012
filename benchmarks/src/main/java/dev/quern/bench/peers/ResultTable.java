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

  /** A row a figure, a column a server, and the ratio of the first to each other. */
  String markdown(List<String> servers) {
    List<String> others = servers.subList(1, servers.size());
    List<String> head = new ArrayList<>(List.of("figure"));
    head.addAll(servers);
    others.forEach(other -> head.add(servers.getFirst() + " / " + other));
    StringBuilder text = new StringBuilder(line(head));
    text.append("|").append("---|".repeat(head.size())).append('\n');
    rows.forEach((row, values) -> text.append(line(cells(row, servers, values))));
    return text.toString();
  }

  private static List<String> cells(
      String row, List<String> servers, Map<String, List<Double>> values) {
    List<Double> medians =
        servers.stream().map(server -> median(values.getOrDefault(server, List.of()))).toList();
    List<String> cells = new ArrayList<>(List.of(row));
    medians.forEach(median -> cells.add(cell(median)));
    medians.stream().skip(1).forEach(other -> cells.add(cell(medians.getFirst() / other)));
    return cells;
  }

  private static String line(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
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
