package dev.quern.engine.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.QuernException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A conversation to be rendered.
 *
 * @param messages an array of objects with a {@code role}, as the chat API has them
 * @param tools an array of tools offered to the model, or null
 * @param documents an array of documents to answer from, or null
 * @param addGenerationPrompt whether the text ends where the assistant is to begin
 * @param continueFinalMessage whether the text ends inside the last message, which the model goes
 *     on with
 * @param templateArguments further variables for the template, such as {@code enable_thinking}
 */
public record ChatPrompt(
    JsonNode messages,
    @Nullable JsonNode tools,
    @Nullable JsonNode documents,
    boolean addGenerationPrompt,
    boolean continueFinalMessage,
    Map<String, JsonNode> templateArguments) {

  public ChatPrompt {
    if (!messages.isArray() || messages.isEmpty()) {
      throw QuernException.badRequest("messages", "messages must be an array of at least one");
    }
    for (JsonNode message : messages) {
      if (!message.isObject() || !message.path("role").isTextual()) {
        throw QuernException.badRequest(
            "messages", "each of the messages must be an object with a role");
      }
    }
    tools = arrayOrNull("tools", tools);
    documents = arrayOrNull("documents", documents);
    if (addGenerationPrompt && continueFinalMessage) {
      throw QuernException.badRequest(
          "continue_final_message",
          "continue_final_message and add_generation_prompt cannot both be set: the text ends"
              + " either in the last message or where a new one begins");
    }
    templateArguments = Map.copyOf(templateArguments);
  }

  /** No tools are offered by null and by an empty array alike. */
  private static @Nullable JsonNode arrayOrNull(String field, @Nullable JsonNode value) {
    if (value == null || value.isNull() || value.isMissingNode()) {
      return null;
    }
    if (!value.isArray()) {
      throw QuernException.badRequest(field, field + " must be an array");
    }
    return value.isEmpty() ? null : value;
  }
}
