package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** A command that a person can paste to see the server answer. */
final class CurlLine {
  private static final JsonMapper JSON = new JsonMapper();

  private CurlLine() {}

  /**
   * The command.
   *
   * @param url of the server, without a trailing slash
   * @param chat whether the model has a chat template
   * @param keyFile accepted keys, when the server asks for one; the command reads the first
   */
  static String text(String url, String model, boolean chat, Optional<String> keyFile) {
    ObjectNode body = JSON.createObjectNode().put("model", model);
    if (chat) {
      body.putArray("messages").addObject().put("role", "user").put("content", "What is 3 plus 4?");
    } else {
      body.put("prompt", "Once upon a time").put("max_tokens", 32);
    }
    String authorization =
        keyFile
            .map(
                file ->
                    " -H \"Authorization: Bearer $(grep -m1 -vE '^[[:space:]]*(#|$)' "
                        + quoted(file)
                        + ")\"")
            .orElse("");
    return "curl "
        + url
        + (chat ? "/v1/chat/completions" : "/v1/completions")
        + authorization
        + " -H 'Content-Type: application/json' -d "
        + quoted(body.toString());
  }

  /** One word for a POSIX shell, whatever it holds. */
  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
