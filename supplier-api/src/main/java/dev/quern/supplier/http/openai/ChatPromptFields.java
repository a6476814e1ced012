package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.quern.engine.text.ChatPrompt;
import dev.quern.store.QuernException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a chat template gets, checked.
 *
 * @param tools as the request has them; empty: none
 * @param variables further variables of the template
 */
public record ChatPromptFields(
    List<ChatMessage> messages,
    ArrayNode tools,
    ArrayNode documents,
    Map<String, JsonNode> variables,
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
        messages, Json.newArray(), documents, variables, addGenerationPrompt, continueFinalMessage);
  }

  ChatPromptFields withVariable(String name, String value) {
    Map<String, JsonNode> more = new LinkedHashMap<>(variables);
    more.putIfAbsent(name, TextNode.valueOf(value));
    return new ChatPromptFields(
        messages, tools, documents, more, addGenerationPrompt, continueFinalMessage);
  }

  /** What the text layer renders. */
  public ChatPrompt toPrompt() {
    ArrayNode nodes = Json.newArray();
    messages.forEach(message -> nodes.add(message.node()));
    return new ChatPrompt(
        nodes, tools, documents, addGenerationPrompt, continueFinalMessage, variables);
  }

  private static Map<String, JsonNode> variables(FieldReader fields) {
    JsonNode value = fields.any("chat_template_kwargs");
    if (value == null) {
      return Map.of();
    }
    if (!(value instanceof ObjectNode object)) {
      throw fields.wrongType("chat_template_kwargs", "an object");
    }
    Map<String, JsonNode> variables = new LinkedHashMap<>();
    object.properties().forEach(e -> variables.put(e.getKey(), e.getValue()));
    return variables;
  }

  private static ArrayNode tools(FieldReader fields) {
    ArrayNode tools = objects(fields, "tools", MAX_TOOLS);
    for (int i = 0; i < tools.size(); i++) {
      JsonNode tool = tools.get(i);
      boolean named =
          tool.path("type").asText().equals("function")
              && tool.path("function").path("name").isTextual();
      if (!named) {
        throw fields.wrongType(
            "tools[" + i + "]", "an object of type function with a function that has a name");
      }
    }
    return tools;
  }

  private static ArrayNode objects(FieldReader fields, String name, int most) {
    JsonNode value = fields.any(name);
    if (value == null) {
      return Json.newArray();
    }
    if (!(value instanceof ArrayNode array) || value.size() > most) {
      throw fields.wrongType(name, "an array of at most " + most + " objects");
    }
    for (JsonNode item : array) {
      if (!item.isObject()) {
        throw fields.wrongType(name, "an array of objects");
      }
    }
    return array;
  }
}
