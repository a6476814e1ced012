package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import java.util.Optional;

/**
 * A checked body of {@code /tokenize}: a text, or a conversation.
 *
 * @param text absent: tokenise what the chat template makes of {@code chat}
 */
public record TokenizeRequest(
    Optional<String> model,
    Optional<String> text,
    ChatPromptFields chat,
    boolean addSpecialTokens,
    boolean returnTokenStrings) {
  /** A checked body of {@code /detokenize}. */
  public record Reverse(Optional<String> model, int[] tokens) {
    private static final int MAX_TOKENS = 1 << 22;

    public static Reverse read(ObjectNode body) {
      return read(new FieldReader(body, RequestFields.DETOKENIZE, ""));
    }

    static Reverse read(FieldReader fields) {
      JsonNode tokens = fields.any("tokens");
      if (tokens == null) {
        throw fields.wrongType("tokens", "an array of token ids");
      }
      return new Reverse(
          Optional.ofNullable(fields.text("model")),
          SamplingReader.Texts.tokenIds(tokens, "tokens", MAX_TOKENS));
    }
  }

  public static TokenizeRequest read(ObjectNode body) {
    return read(new FieldReader(body, RequestFields.TOKENIZE, ""));
  }

  static TokenizeRequest read(FieldReader fields) {
    String text = fields.text("prompt");
    ChatPromptFields chat = ChatPromptFields.read(fields);
    if ((text == null) == chat.messages().isEmpty()) {
      throw QuernException.badRequest(
          "prompt", "Give either 'prompt' or 'messages' (at least one), not both.");
    }
    return new TokenizeRequest(
        Optional.ofNullable(fields.text("model")),
        Optional.ofNullable(text),
        chat,
        fields.flag("add_special_tokens", text != null),
        fields.flag("return_token_strs", false));
  }
}
