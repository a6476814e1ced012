package dev.quern.engine.text.jinja;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The cases that {@code benchmarks/oracle/jinja/make_cases.py} makes with jinja2. */
record JinjaCases(Map<String, Object> variables, List<Case> cases) {
  static final ObjectMapper JSON = new ObjectMapper();
  static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-24T15:04:05.006Z"), ZoneOffset.UTC);

  /**
   * One template.
   *
   * @param expected what jinja2 renders, or null where it fails
   */
  record Case(String template, @Nullable String expected) {}

  static JinjaCases load() {
    try (InputStream file = JinjaCases.class.getResourceAsStream("/jinja/cases.json")) {
      JsonNode root = JSON.readTree(Objects.requireNonNull(file));
      List<Case> cases = new ArrayList<>();
      for (JsonNode node : root.path("cases")) {
        JsonNode expected = node.get("expected");
        cases.add(
            new Case(
                node.path("template").textValue(), expected == null ? null : expected.textValue()));
      }
      return new JinjaCases(values(root.path("variables")), cases);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Map<String, Object> values(JsonNode node) {
    return JSON.convertValue(node, new TypeReference<LinkedHashMap<String, Object>>() {});
  }

  static TemplateOptions options() {
    return TemplateOptions.huggingFace().withClock(CLOCK);
  }
}
