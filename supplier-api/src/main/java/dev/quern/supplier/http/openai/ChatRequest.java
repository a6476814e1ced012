package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import java.util.OptionalInt;
import java.util.function.Function;

/** A checked body of {@code /chat/completions}. */
public record ChatRequest(
    Envelope envelope,
    ChatPromptFields prompt,
    SamplingOptions sampling,
    boolean echo,
    boolean addSpecialTokens) {

  /** The same, sampled otherwise. */
  public ChatRequest sampled(SamplingOptions otherwise) {
    return new ChatRequest(envelope, prompt, otherwise, echo, addSpecialTokens);
  }

  /**
   * Checks a body.
   *
   * @param defaults what the model asked for gives to requests that say nothing; throws when there
   *     is no such model
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public static ChatRequest read(ObjectNode body, Function<String, SamplingDefaults> defaults) {
    return read(new FieldReader(body, RequestFields.CHAT, ""), defaults);
  }

  static ChatRequest read(FieldReader fields, Function<String, SamplingDefaults> defaults) {
    Envelope envelope = Envelope.read(fields);
    SamplingDefaults modelDefaults = defaults.apply(envelope.model());
    ChatPromptFields prompt = prompt(fields);
    ResponseFields.refuseOtherThanText(fields);
    modalities(fields);
    SamplingOptions sampling =
        new SamplingReader(fields, modelDefaults).read(maxTokens(fields), logprobs(fields), -1);
    return new ChatRequest(
        envelope,
        prompt,
        sampling,
        fields.flag("echo", false),
        fields.flag("add_special_tokens", false));
  }

  private static ChatPromptFields prompt(FieldReader fields) {
    ChatPromptFields prompt = ChatPromptFields.read(fields);
    if (prompt.messages().isEmpty()) {
      throw QuernException.badRequest(
          "messages", "The field 'messages' must hold at least one message.");
    }
    String effort = fields.text("reasoning_effort");
    if (effort != null) {
      prompt = prompt.withVariable("reasoning_effort", effort);
    }
    JsonNode choice = fields.any("tool_choice");
    if (choice == null || (choice.isTextual() && choice.textValue().equals("auto"))) {
      return prompt;
    }
    if (choice.isTextual() && choice.textValue().equals("none")) {
      return prompt.withoutTools();
    }
    throw fields.wrongType(
        "tool_choice", "none or auto: a call of a given or of any tool cannot be forced here");
  }

  private static void modalities(FieldReader fields) {
    for (String modality : SamplingReader.Texts.oneOrMany(fields, "modalities", 8)) {
      if (!modality.equals("text")) {
        throw fields.wrongType("modalities", "[\"text\"]: the models served here answer in text");
      }
    }
  }

  private static OptionalInt maxTokens(FieldReader fields) {
    OptionalInt newer = fields.smallInteger("max_completion_tokens");
    OptionalInt older = fields.smallInteger("max_tokens");
    if (newer.isPresent() && older.isPresent() && newer.getAsInt() != older.getAsInt()) {
      throw QuernException.badRequest(
          "max_tokens", "max_tokens and max_completion_tokens differ; set one of them.");
    }
    return newer.isPresent() ? newer : older;
  }

  private static int logprobs(FieldReader fields) {
    boolean wanted = fields.flag("logprobs", false);
    OptionalInt top = fields.smallInteger("top_logprobs");
    if (top.orElse(0) > 0 && !wanted) {
      throw QuernException.badRequest(
          "top_logprobs", "The field 'top_logprobs' is only allowed with logprobs: true.");
    }
    return wanted ? top.orElse(0) : -1;
  }
}
