package dev.quern.engine.text.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JinjaCasesTest {
  @Test
  void rendersEveryFeatureAsJinja2Does() {
    JinjaCases all = JinjaCases.load();
    List<String> differences = new ArrayList<>();
    for (JinjaCases.Case one : all.cases()) {
      String rendered = render(all, one.template());
      if (!java.util.Objects.equals(one.expected(), rendered)) {
        differences.add(
            one.template() + "\n  expected: " + one.expected() + "\n  rendered: " + rendered);
      }
    }
    assertTrue(all.cases().size() > 1_000, "the cases are there");
    assertEquals(List.of(), differences);
  }

  /** What is rendered, or null where the template fails. */
  private static @org.jspecify.annotations.Nullable String render(JinjaCases all, String template) {
    try {
      return Template.parse(template, JinjaCases.options()).render(all.variables());
    } catch (QuernException e) {
      return null;
    }
  }
}
