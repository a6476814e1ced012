package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One checked message.
 *
 * @param content its text; null where an assistant only called tools
 * @param node the message as a chat template takes it: the fields that are honoured, nothing else
 */
public record ChatMessage(String role, @Nullable String content, ObjectNode node) {
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool", "function");
  private static final int MAX_PARTS = 10_000;

  static List<ChatMessage> readAll(FieldReader fields) {
    List<ChatMessage> messages = new ArrayList<>();
    for (FieldReader message : fields.objects("messages")) {
      messages.add(read(message));
    }
    return messages;
  }

  static ChatMessage read(FieldReader fields) {
    String role = fields.requiredText("role");
    if (!ROLES.contains(role)) {
      throw fields.wrongType("role", "one of system, developer, user, assistant, tool, function");
    }
    ObjectNode node = Json.newObject();
    // OpenAI's newer name of the same role; templates know only the older one.
    node.put("role", role.equals("developer") ? "system" : role);
    JsonNode given = fields.any("content");
    String content = content(fields, given);
    ArrayNode calls = toolCalls(fields, role);
    if (given == null && (!role.equals("assistant") || calls.isEmpty())) {
      throw QuernException.badRequest(
          fields.pathOf("content"), "The field '" + fields.pathOf("content") + "' is required.");
    }
    if (given == null) {
      node.put("content", "");
    } else {
      node.set("content", given);
    }
    putText(node, fields, "name");
    putText(node, fields, "tool_call_id");
    putText(node, fields, "reasoning_content");
    if (!calls.isEmpty()) {
      node.set("tool_calls", calls);
    }
    return new ChatMessage(role, content, node);
  }

  private static void putText(ObjectNode node, FieldReader fields, String name) {
    String text = fields.text(name);
    if (text != null) {
      node.put(name, text);
    }
  }

  private static @Nullable String content(FieldReader fields, @Nullable JsonNode content) {
    if (content == null || content.isTextual()) {
      return content == null ? null : content.textValue();
    }
    if (!content.isArray() || content.isEmpty() || content.size() > MAX_PARTS) {
      throw fields.wrongType("content", "a string or an array of text parts");
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode part : content) {
      texts.add(partText(fields, "content[" + texts.size() + "]", part));
    }
    return String.join("\n", texts);
  }

  private static String partText(FieldReader fields, String name, JsonNode part) {
    JsonNode type = part.get("type");
    if (!part.isObject() || type == null || !type.isTextual()) {
      throw fields.wrongType(name, "an object with a type");
    }
    if (!type.textValue().equals("text")) {
      throw new ApiException(
          400,
          "unsupported_field",
          dev.quern.store.ErrorCategory.BAD_REQUEST,
          fields.pathOf(name),
          "The field '"
              + fields.pathOf(name)
              + "' is of a type that the models served here do not take; they take text alone.",
          null);
    }
    JsonNode text = part.get("text");
    if (text == null || !text.isTextual()) {
      throw fields.wrongType(name + ".text", "a string");
    }
    return text.textValue();
  }

  private static ArrayNode toolCalls(FieldReader fields, String role) {
    List<FieldReader> readers = fields.objects("tool_calls");
    if (!readers.isEmpty() && !role.equals("assistant")) {
      throw QuernException.badRequest(
          fields.pathOf("tool_calls"),
          "The field '" + fields.pathOf("tool_calls") + "' is for messages of the assistant.");
    }
    ArrayNode calls = Json.newArray();
    for (FieldReader reader : readers) {
      calls.add(toolCall(reader));
    }
    return calls;
  }

  private static ObjectNode toolCall(FieldReader reader) {
    ObjectNode call = Json.newObject();
    putText(call, reader, "id");
    String type = reader.text("type");
    if (type != null && !type.equals("function")) {
      throw reader.wrongType("type", "function");
    }
    call.put("type", "function");
    FieldReader function = reader.object("function");
    if (function == null) {
      throw reader.wrongType("function", "an object");
    }
    ObjectNode called = call.putObject("function");
    called.put("name", function.requiredText("name"));
    JsonNode arguments = function.any("arguments");
    if (arguments != null && !arguments.isTextual() && !arguments.isObject()) {
      throw function.wrongType("arguments", "a JSON object, in a string or not");
    }
    if (arguments == null) {
      called.putObject("arguments");
    } else {
      called.set("arguments", arguments);
    }
    return call;
  }
}
