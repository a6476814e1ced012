package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One checked message.
 *
 * @param content its text; null where an assistant only called tools
 * @param values the message as a chat template sees it: plain strings, lists and maps
 */
public record ChatMessage(
    String role, @Nullable String content, Map<String, @Nullable Object> values) {
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
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    // OpenAI's newer name of the same role; templates know only the older one.
    values.put("role", role.equals("developer") ? "system" : role);
    String content = content(fields, fields.any("content"));
    List<Map<String, @Nullable Object>> calls = toolCalls(fields, role);
    if (content == null && (!role.equals("assistant") || calls.isEmpty())) {
      throw QuernException.badRequest(
          fields.pathOf("content"), "The field '" + fields.pathOf("content") + "' is required.");
    }
    values.put("content", content == null ? "" : content);
    putText(values, fields, "name");
    putText(values, fields, "tool_call_id");
    putText(values, fields, "reasoning_content");
    if (!calls.isEmpty()) {
      values.put("tool_calls", calls);
    }
    return new ChatMessage(role, content, values);
  }

  private static void putText(
      Map<String, @Nullable Object> values, FieldReader fields, String name) {
    String text = fields.text(name);
    if (text != null) {
      values.put(name, text);
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

  private static List<Map<String, @Nullable Object>> toolCalls(FieldReader fields, String role) {
    List<FieldReader> readers = fields.objects("tool_calls");
    if (!readers.isEmpty() && !role.equals("assistant")) {
      throw QuernException.badRequest(
          fields.pathOf("tool_calls"),
          "The field '" + fields.pathOf("tool_calls") + "' is for messages of the assistant.");
    }
    List<Map<String, @Nullable Object>> calls = new ArrayList<>();
    for (FieldReader reader : readers) {
      calls.add(toolCall(reader));
    }
    return calls;
  }

  private static Map<String, @Nullable Object> toolCall(FieldReader reader) {
    Map<String, @Nullable Object> call = new LinkedHashMap<>();
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
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("name", function.requiredText("name"));
    values.put("arguments", arguments(function));
    call.put("function", values);
    return call;
  }

  /** Templates walk the arguments as a map; OpenAI sends them as JSON in a string. */
  private static Object arguments(FieldReader function) {
    JsonNode arguments = function.any("arguments");
    Object plain = null;
    if (arguments == null || (arguments.isTextual() && arguments.textValue().isBlank())) {
      plain = new LinkedHashMap<String, @Nullable Object>();
    } else if (arguments.isTextual()) {
      plain = Json.plainObjectIn(arguments.textValue());
    } else if (arguments.isObject()) {
      plain = Json.plain(arguments);
    }
    if (plain == null) {
      throw function.wrongType("arguments", "a JSON object, in a string or not");
    }
    return plain;
  }
}
