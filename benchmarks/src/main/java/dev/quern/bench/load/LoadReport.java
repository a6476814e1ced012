package dev.quern.bench.load;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Turns traces into figures: milliseconds, tokens a second, and why requests failed. */
final class LoadReport {
  private LoadReport() {}

  static ObjectNode of(List<RequestTrace> traces, double wallSeconds) {
    List<RequestTrace> finished = traces.stream().filter(RequestTrace::succeeded).toList();
    ObjectNode report = new ObjectMapper().createObjectNode();
    report.put("requests", traces.size());
    report.put("finished", finished.size());
    report.put("wall_s", round(wallSeconds));
    long completion = finished.stream().mapToLong(RequestTrace::completionTokens).sum();
    long prompt = finished.stream().mapToLong(RequestTrace::promptTokens).sum();
    report.put("output_tokens_per_s", round(completion / wallSeconds));
    report.put("total_tokens_per_s", round((completion + prompt) / wallSeconds));
    report.put("requests_per_s", round(finished.size() / wallSeconds));
    distribution(
        report, "ttft_ms", finished.stream().mapToDouble(RequestTrace::firstTokenMillis).toArray());
    distribution(
        report,
        "tpot_ms",
        finished.stream().mapToDouble(RequestTrace::perOutputTokenMillis).toArray());
    distribution(
        report,
        "itl_ms",
        finished.stream().flatMapToDouble(trace -> Arrays.stream(trace.gapMillis())).toArray());
    distribution(
        report,
        "e2e_ms",
        finished.stream().mapToDouble(t -> (t.endNanos() - t.sentNanos()) / 1e6).toArray());
    ObjectNode errors = report.putObject("errors");
    traces.stream()
        .filter(trace -> !trace.succeeded())
        .collect(
            Collectors.groupingBy(
                trace -> trace.error() == null ? "no text" : trace.error(),
                TreeMap::new,
                Collectors.counting()))
        .forEach(errors::put);
    return report;
  }

  private static void distribution(ObjectNode report, String name, double[] values) {
    if (values.length == 0) {
      return;
    }
    Arrays.sort(values);
    ObjectNode node = report.putObject(name);
    node.put("mean", round(Arrays.stream(values).average().orElseThrow()));
    node.put("p50", round(percentile(values, 0.50)));
    node.put("p90", round(percentile(values, 0.90)));
    node.put("p99", round(percentile(values, 0.99)));
    node.put("max", round(values[values.length - 1]));
  }

  /** Nearest rank on ascending values. */
  private static double percentile(double[] ascending, double share) {
    return ascending[(int) Math.max(0, Math.ceil(share * ascending.length) - 1)];
  }

  private static double round(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
