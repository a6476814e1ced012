package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The dashboard asks for what a server exports, and groups by labels that are there. */
@Timeout(300)
class DashboardTest {
  private static final Path DASHBOARD = Path.of("..", "docs", "pocket", "grafana.json");
  private static final Pattern METRIC = Pattern.compile("(?:quern:|process_|jvm_)[a-z0-9_]+");
  private static final Pattern GROUPING = Pattern.compile("by \\(([a-z_, ]+)\\)");
  private static final Pattern SAMPLE = Pattern.compile("^([a-z0-9_:]+)\\{(.*)\\} .*$");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"");

  @Test
  void everyQueryHasItsMetricsAndLabels(@TempDir Path cache) throws IOException {
    Map<String, Set<String>> exported;
    try (TestServer server = TestServer.start(cache)) {
      String question = TestServer.chat("What is 3 plus 4?", "\"max_tokens\":8");
      assertEquals(
          200,
          server
              .post(TestServer.CHAT, question, "Pocket-Service", "s", "Pocket-Application", "a")
              .statusCode());
      exported = exported(server.get("/metrics").body());
    }
    JsonNode panels = new ObjectMapper().readTree(Files.readString(DASHBOARD)).path("panels");
    assertTrue(panels.size() >= 10, () -> panels.size() + " panels");
    Set<Integer> ids = new HashSet<>();
    for (JsonNode panel : panels) {
      assertTrue(ids.add(panel.path("id").asInt()), () -> "an id is there twice: " + panel);
      assertTrue(!panel.path("targets").isEmpty(), panel::toString);
      for (JsonNode target : panel.path("targets")) {
        check(target.path("expr").asText(), exported);
      }
    }
  }

  private static void check(String query, Map<String, Set<String>> exported) {
    Matcher metric = METRIC.matcher(query);
    Set<String> labels = new TreeSet<>();
    boolean found = false;
    while (metric.find()) {
      found = true;
      assertTrue(
          exported.containsKey(metric.group()),
          () -> metric.group() + " of '" + query + "' is not among " + exported.keySet());
      labels.addAll(exported.get(metric.group()));
    }
    assertTrue(found, () -> "no metric in '" + query + "'");
    Matcher grouping = GROUPING.matcher(query);
    while (grouping.find()) {
      for (String label : grouping.group(1).split(",", -1)) {
        assertTrue(
            labels.contains(label.strip()),
            () -> "'" + query + "' groups by " + label + ", but there are " + labels);
      }
    }
  }

  /** Labels by the name of a sample. */
  private static Map<String, Set<String>> exported(String metrics) {
    Map<String, Set<String>> exported = new HashMap<>();
    metrics
        .lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(
            line -> {
              Matcher sample = SAMPLE.matcher(line);
              String name = sample.matches() ? sample.group(1) : line.split(" ", 2)[0];
              Set<String> labels = exported.computeIfAbsent(name, absent -> new TreeSet<>());
              if (sample.matches()) {
                Matcher label = LABEL.matcher(sample.group(2));
                while (label.find()) {
                  labels.add(label.group(1));
                }
              }
            });
    return exported;
  }
}
