package dev.quern.bench.peers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.TreeMap;

/**
 * What of Quern's time goes elsewhere than into the model: by the phases of its steps ({@code
 * quern:step_seconds_total} of {@code /metrics}: wall time of the device's thread) and by its
 * threads' processor time.
 *
 * @param phases seconds by phase: schedule, run, sample, publish
 * @param threads cores' seconds by thread name
 */
record StepShares(Map<String, Double> phases, Map<String, Double> threads) {
  private static final String METRIC = "quern:step_seconds_total{";
  private static final String PHASE = "phase=\"";
  private static final String MODEL_PHASE = "run";

  /** Since the process started. */
  static StepShares of(RunningPeer server) throws IOException, InterruptedException {
    Map<String, Double> phases = new TreeMap<>();
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + "/metrics")).build();
      http.send(request, HttpResponse.BodyHandlers.ofLines())
          .body()
          .filter(line -> line.startsWith(METRIC))
          .forEach(line -> phases.merge(phase(line), value(line), Double::sum));
    }
    return new StepShares(phases, Machine.secondsByThreadName(server.pid()));
  }

  /** Adds to {@code figures} what happened from {@code before} to this. */
  void report(StepShares before, ObjectNode figures) {
    Map<String, Double> spent = difference(phases, before.phases);
    double steps = sum(spent);
    if (steps > 0) {
      figures.put("step_share_outside_model", 1 - spent.getOrDefault(MODEL_PHASE, 0.0) / steps);
      spent.forEach((phase, seconds) -> figures.put("step_share_" + phase, seconds / steps));
    }
    Map<String, Double> used = difference(threads, before.threads);
    double http =
        used.entrySet().stream()
            .filter(thread -> isHttp(thread.getKey()))
            .mapToDouble(Map.Entry::getValue)
            .sum();
    if (sum(used) > 0) {
      figures.put("cpu_share_http_threads", http / sum(used));
    }
  }

  /** Event loops, and the pools that read requests and write text. */
  private static boolean isHttp(String thread) {
    return thread.startsWith("vert.x-") || thread.startsWith("quern-");
  }

  private static String phase(String line) {
    int start = line.indexOf(PHASE) + PHASE.length();
    return line.substring(start, line.indexOf('"', start));
  }

  private static double value(String line) {
    return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
  }

  private static Map<String, Double> difference(
      Map<String, Double> later, Map<String, Double> earlier) {
    Map<String, Double> result = new TreeMap<>();
    later.forEach((name, value) -> result.put(name, value - earlier.getOrDefault(name, 0.0)));
    return result;
  }

  private static double sum(Map<String, Double> values) {
    return values.values().stream().mapToDouble(Double::doubleValue).sum();
  }
}
