package dev.quern.supplier.check;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Requests as the network sends them. */
final class Bodies {
  private Bodies() {}

  /** A question that models answer with more than a few words. */
  static ObjectNode longChat(String model, int maxTokens) {
    ObjectNode body = chat(model, "Count from 1 to 100 in words, and do not stop before.");
    return body.put("max_tokens", maxTokens);
  }

  /** One user's message; greedy. */
  static ObjectNode chat(String model, String question) {
    ObjectNode body = body(model);
    body.putArray("messages").addObject().put("role", "user").put("content", question);
    return body.put("temperature", 0.0);
  }

  /** A text to continue; greedy. */
  static ObjectNode completion(String model, String prompt, int maxTokens) {
    return body(model).put("prompt", prompt).put("max_tokens", maxTokens).put("temperature", 0.0);
  }

  private static ObjectNode body(String model) {
    return JsonNodeFactory.instance.objectNode().put("model", model);
  }
}
