package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.LoadedModel;
import java.util.Optional;

/** A command that a person can paste to see the server answer. */
final class CurlLine {
  private static final JsonMapper JSON = new JsonMapper();

  private CurlLine() {}

  /**
   * The command.
   *
   * @param url of the server, without a trailing slash
   * @param name as clients call the model
   * @param keyFile accepted keys, when the server asks for one; the command reads the first
   */
  static String text(String url, String name, LoadedModel model, Optional<String> keyFile) {
    return text(url, name, example(model), keyFile);
  }

  /** What a model can be asked. */
  enum Example {
    CHAT("/v1/chat/completions"),
    COMPLETION("/v1/completions"),
    EMBEDDING("/v1/embeddings"),
    CLASSIFICATION("/v1/classify"),
    RERANKING("/v1/rerank");

    private final String path;

    Example(String path) {
      this.path = path;
    }
  }

  private static Example example(LoadedModel model) {
    return switch (model) {
      case LoadedLanguageModel generator ->
          generator.chatTemplate().isPresent() ? Example.CHAT : Example.COMPLETION;
      case LoadedEncoder encoder ->
          switch (encoder.description().task()) {
            case EMBEDDING -> Example.EMBEDDING;
            case CLASSIFICATION -> Example.CLASSIFICATION;
            case RERANKING -> Example.RERANKING;
          };
    };
  }

  static String text(String url, String model, Example example, Optional<String> keyFile) {
    ObjectNode body = JSON.createObjectNode().put("model", model);
    switch (example) {
      case CHAT ->
          body.putArray("messages")
              .addObject()
              .put("role", "user")
              .put("content", "What is 3 plus 4?");
      case COMPLETION -> body.put("prompt", "Once upon a time").put("max_tokens", 32);
      case EMBEDDING, CLASSIFICATION -> body.put("input", "A quern grinds grain.");
      case RERANKING ->
          body.put("query", "What grinds grain?")
              .putArray("documents")
              .add("A quern does.")
              .add("A lamp gives light.");
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
        + example.path
        + authorization
        + " -H 'Content-Type: application/json' -d "
        + quoted(body.toString());
  }

  /** One word for a POSIX shell, whatever it holds. */
  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
