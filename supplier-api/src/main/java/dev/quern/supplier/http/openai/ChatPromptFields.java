package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template gets, checked.
 *
 * @param tools as the request has them; empty: none
 * @param variables further variables of the template
 */
public record ChatPromptFields(
    List<ChatMessage> messages,
    List<Map<String, @Nullable Object>> tools,
    List<Map<String, @Nullable Object>> documents,
    Map<String, @Nullable Object> variables,
    boolean addGenerationPrompt,
    boolean continueFinalMessage) {
  private static final int MAX_TOOLS = 128;
  private static final int MAX_DOCUMENTS = 1024;

  static ChatPromptFields read(FieldReader fields) {
    boolean continueFinal = fields.flag("continue_final_message", false);
    boolean generation = fields.flag("add_generation_prompt", !continueFinal);
    if (continueFinal && generation) {
      throw QuernException.badRequest(
          "continue_final_message",
          "continue_final_message and add_generation_prompt cannot both be true.");
    }
    return new ChatPromptFields(
        ChatMessage.readAll(fields),
        tools(fields),
        objects(fields, "documents", MAX_DOCUMENTS),
        variables(fields),
        generation,
        continueFinal);
  }

  ChatPromptFields withoutTools() {
    return new ChatPromptFields(
        messages, List.of(), documents, variables, addGenerationPrompt, continueFinalMessage);
  }

  ChatPromptFields withVariable(String name, Object value) {
    Map<String, @Nullable Object> more = new LinkedHashMap<>(variables);
    more.putIfAbsent(name, value);
    return new ChatPromptFields(
        messages, tools, documents, more, addGenerationPrompt, continueFinalMessage);
  }

  private static Map<String, @Nullable Object> variables(FieldReader fields) {
    JsonNode value = fields.any("chat_template_kwargs");
    if (value == null) {
      return Map.of();
    }
    if (!(value instanceof ObjectNode object)) {
      throw fields.wrongType("chat_template_kwargs", "an object");
    }
    return plain(object);
  }

  private static List<Map<String, @Nullable Object>> tools(FieldReader fields) {
    List<Map<String, @Nullable Object>> tools = objects(fields, "tools", MAX_TOOLS);
    for (int i = 0; i < tools.size(); i++) {
      boolean named =
          "function".equals(tools.get(i).get("type"))
              && tools.get(i).get("function") instanceof Map<?, ?> function
              && function.get("name") instanceof String;
      if (!named) {
        throw fields.wrongType(
            "tools[" + i + "]", "an object of type function with a function that has a name");
      }
    }
    return tools;
  }

  private static List<Map<String, @Nullable Object>> objects(
      FieldReader fields, String name, int most) {
    JsonNode value = fields.any(name);
    if (value == null) {
      return List.of();
    }
    if (!value.isArray() || value.size() > most) {
      throw fields.wrongType(name, "an array of at most " + most + " objects");
    }
    List<Map<String, @Nullable Object>> objects = new ArrayList<>();
    for (JsonNode item : value) {
      if (!(item instanceof ObjectNode object)) {
        throw fields.wrongType(name, "an array of objects");
      }
      objects.add(plain(object));
    }
    return objects;
  }

  private static Map<String, @Nullable Object> plain(ObjectNode object) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    object.properties().forEach(e -> map.put(e.getKey(), Json.plain(e.getValue())));
    return map;
  }
}
