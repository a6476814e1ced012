package dev.quern.engine.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.text.jinja.Template.ContentForm;
import dev.quern.store.QuernException;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;

/**
 * Messages as the chat API has them, made into what templates expect, the way vLLM and transformers
 * do it: content as text or as parts, arguments of tool calls as mappings, no null fields, and the
 * reasoning under both of its names.
 */
final class ChatMessages {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> MEDIA =
      Set.of(
          "image",
          "image_url",
          "input_image",
          "audio",
          "input_audio",
          "audio_url",
          "video",
          "video_url",
          "file",
          "input_file");
  private static final String[] REASONING = {"reasoning_content", "thinking", "reasoning"};

  private ChatMessages() {}

  /** A copy of {@code messages} for a template that reads content in {@code form}. */
  static ArrayNode normalize(JsonNode messages, ContentForm form) {
    ArrayNode normalized = JSON.createArrayNode();
    for (JsonNode message : messages) {
      normalized.add(normalizeMessage(message, form));
    }
    return normalized;
  }

  private static ObjectNode normalizeMessage(JsonNode message, ContentForm form) {
    ObjectNode normalized = JSON.createObjectNode();
    for (Map.Entry<String, JsonNode> field : message.properties()) {
      if (field.getKey().equals("content")) {
        normalized.set("content", content(field.getValue(), form));
      } else if (!field.getValue().isNull()) {
        normalized.set(field.getKey(), field.getValue());
      }
    }
    if (!normalized.has("content")) {
      normalized.put("content", "");
    }
    if (normalized.has("tool_calls")) {
      normalized.set("tool_calls", toolCalls(normalized.get("tool_calls")));
    }
    nameReasoning(normalized);
    return normalized;
  }

  private static JsonNode content(JsonNode content, ContentForm form) {
    if (content.isNull()) {
      return JSON.getNodeFactory().textNode("");
    }
    if (content.isArray()) {
      content.forEach(ChatMessages::requireNoMedia);
      return form == ContentForm.TEXT ? flatten(content) : content;
    }
    if (content.isTextual() && form == ContentForm.PARTS) {
      return JSON.createArrayNode()
          .add(JSON.createObjectNode().put("type", "text").put("text", content.textValue()));
    }
    return content;
  }

  private static void requireNoMedia(JsonNode part) {
    String type = part.path("type").asText();
    if (MEDIA.contains(type)) {
      throw QuernException.badRequest(
          "messages", "content of type '" + type + "' is not supported: send text only");
    }
  }

  private static JsonNode flatten(JsonNode parts) {
    StringBuilder text = new StringBuilder();
    String separator = "";
    for (JsonNode part : parts) {
      JsonNode value = part.isTextual() ? part : part.path("text");
      if (!value.isTextual()) {
        throw QuernException.badRequest(
            "messages",
            "content of type '"
                + part.path("type").asText("unknown")
                + "' has no text, and this model's chat template takes text only");
      }
      text.append(separator).append(value.textValue());
      separator = "\n";
    }
    return JSON.getNodeFactory().textNode(text.toString());
  }

  private static JsonNode toolCalls(JsonNode calls) {
    if (!calls.isArray()) {
      throw QuernException.badRequest("messages", "tool_calls must be an array");
    }
    ArrayNode parsed = JSON.createArrayNode();
    for (JsonNode call : calls) {
      JsonNode copy = call.deepCopy();
      if (copy.path("function") instanceof ObjectNode function) {
        JsonNode arguments = function.path("arguments");
        if (arguments.isTextual()) {
          function.set("arguments", arguments(arguments.textValue()));
        } else if (arguments.isNull()) {
          function.set("arguments", JSON.createObjectNode());
        }
      }
      parsed.add(copy);
    }
    return parsed;
  }

  private static JsonNode arguments(String text) {
    if (text.isBlank()) {
      return JSON.createObjectNode();
    }
    try {
      JsonNode arguments = JSON.readTree(text);
      if (arguments.isContainerNode()) {
        return arguments;
      }
    } catch (JsonProcessingException e) {
      throw new QuernException(
          dev.quern.store.ErrorCategory.BAD_REQUEST,
          "messages",
          "arguments of a tool call are not valid JSON: " + e.getOriginalMessage(),
          e);
    }
    throw QuernException.badRequest(
        "messages", "arguments of a tool call must be a JSON object, not " + text);
  }

  private static void nameReasoning(ObjectNode message) {
    for (String name : REASONING) {
      JsonNode reasoning = message.get(name);
      if (reasoning != null) {
        message.set("reasoning_content", reasoning);
        if (!message.has("thinking")) {
          message.set("thinking", reasoning);
        }
        return;
      }
    }
  }

  /**
   * Appends {@code mark} to the last text of a message.
   *
   * @return the text without the mark
   */
  static String appendToText(ObjectNode message, String mark) {
    JsonNode content = message.path("content");
    if (content.isTextual()) {
      message.put("content", content.textValue() + mark);
      return content.textValue();
    }
    ObjectNode last = null;
    for (Iterator<JsonNode> parts = content.elements(); parts.hasNext(); ) {
      if (parts.next() instanceof ObjectNode part && part.path("text").isTextual()) {
        last = part;
      }
    }
    if (last == null) {
      throw QuernException.badRequest(
          "continue_final_message", "the final message has no text to continue");
    }
    String text = last.path("text").textValue();
    last.put("text", text + mark);
    return text;
  }
}
