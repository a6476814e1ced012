package dev.quern.engine.text.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Templates as published with models, in the folder that {@code -Dquern.chatTemplates} names: each
 * with conversations and with what jinja2 renders.
 */
class PublishedTemplatesTest {
  /** The reference was made without the tag, which transformers and this engine know. */
  private static final String UNKNOWN_GENERATION = "unknown tag 'generation'";

  @Test
  void rendersAllAsJinja2Does() throws IOException {
    String property = System.getProperty("quern.chatTemplates", "");
    assumeFalse(property.isBlank(), "no folder with published templates is given");
    Path folder = Path.of(property);
    Map<String, JsonNode> conversations = new HashMap<>();
    JinjaCases.JSON
        .readTree(folder.resolve("conversations.json").toFile())
        .forEach(node -> conversations.put(node.path("name").textValue(), node));
    JsonNode expected = JinjaCases.JSON.readTree(folder.resolve("expected.json").toFile());
    List<String> differences = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : expected.properties()) {
      List<String> key = List.of(entry.getKey().split("\\|", 2));
      JsonNode conversation = Objects.requireNonNull(conversations.get(key.get(1)));
      String rendered = render(folder.resolve(key.get(0)), conversation);
      if (!agrees(entry.getValue(), rendered)) {
        differences.add(entry.getKey() + "\n  " + entry.getValue() + "\n  rendered: " + rendered);
      }
    }
    assertTrue(expected.size() > 0);
    assertEquals(List.of(), differences);
  }

  private static boolean agrees(JsonNode expected, @Nullable String rendered) {
    if (expected.has("ok")) {
      return expected.path("ok").textValue().equals(rendered);
    }
    boolean generation = expected.path("err").textValue().contains(UNKNOWN_GENERATION);
    return generation == (rendered != null);
  }

  private static @Nullable String render(Path file, JsonNode conversation) throws IOException {
    // The reference prints the same date whatever the format is.
    String source =
        Files.readString(file).replaceAll("strftime_now\\([^)]*\\)", "strftime_now('%d %b %Y')");
    Map<String, @Nullable Object> variables = new HashMap<>(JinjaCases.values(conversation));
    variables.putIfAbsent("tools", null);
    variables.put("documents", null);
    variables.put("add_generation_prompt", true);
    variables.put("bos_token", "<s>");
    variables.put("eos_token", "</s>");
    variables.remove("name");
    try {
      return Template.parse(source, JinjaCases.options()).render(variables);
    } catch (QuernException e) {
      return null;
    }
  }
}
