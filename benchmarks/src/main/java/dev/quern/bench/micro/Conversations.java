package dev.quern.bench.micro;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Chat requests of a given length. */
final class Conversations {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Conversations() {}

  /** A system message and {@code turns} questions, all but the last one answered. */
  static ArrayNode messages(int turns) {
    ArrayNode messages = JSON.createArrayNode();
    messages.add(message("system", "You answer in one sentence. Say so when you do not know."));
    for (int turn = 0; turn < turns; turn++) {
      if (turn > 0) {
        messages.add(
            message("assistant", "The answer to \"" + turn + "\" is long:\n" + "word ".repeat(60)));
      }
      messages.add(message("user", "Question " + turn + ": why is the sky blue? 🙂\n\tThanks."));
    }
    return messages;
  }

  /** A body of {@code /chat/completions} as clients send it. */
  static ObjectNode request(int turns) {
    ObjectNode body = JSON.createObjectNode();
    body.put("model", "demo");
    body.set("messages", messages(turns));
    body.put("temperature", 0.7).put("top_p", 0.95).put("max_tokens", 256).put("stream", true);
    body.putArray("stop").add("\n\n").add("User:");
    body.putObject("stream_options").put("include_usage", true);
    return body;
  }

  private static ObjectNode message(String role, String content) {
    return JSON.createObjectNode().put("role", role).put("content", content);
  }
}
