package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;

/** A checked body of {@code /completions}. */
public record CompletionRequest(
    Envelope envelope,
    List<Prompt> prompts,
    SamplingOptions sampling,
    boolean echo,
    boolean addSpecialTokens) {
  /** Most sequences of one request: prompts times choices. */
  static final int MAX_SEQUENCES = 256;

  private static final int DEFAULT_MAX_TOKENS = 16;
  private static final int MAX_PROMPT_IDS = 1 << 22;

  /** What is to be continued. */
  public sealed interface Prompt {
    /** Not yet tokenised. */
    record Text(String text) implements Prompt {}

    /** Already token ids. */
    record Tokens(int[] ids) implements Prompt {}
  }

  /** The same, sampled otherwise. */
  public CompletionRequest sampled(SamplingOptions otherwise) {
    return new CompletionRequest(envelope, prompts, otherwise, echo, addSpecialTokens);
  }

  /**
   * Checks a body.
   *
   * @param defaults what the model asked for gives to requests that say nothing; throws when there
   *     is no such model
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public static CompletionRequest read(
      ObjectNode body, Function<String, SamplingDefaults> defaults) {
    return read(new FieldReader(body, RequestFields.COMPLETION, ""), defaults);
  }

  static CompletionRequest read(FieldReader fields, Function<String, SamplingDefaults> defaults) {
    Envelope envelope = Envelope.read(fields);
    SamplingDefaults modelDefaults = defaults.apply(envelope.model());
    ResponseFields.refuseOtherThanText(fields);
    boolean echo = fields.flag("echo", false);
    int logprobs = fields.smallInteger("logprobs").orElse(-1);
    OptionalInt maxTokens =
        OptionalInt.of(fields.smallInteger("max_tokens").orElse(DEFAULT_MAX_TOKENS));
    SamplingOptions sampling =
        new SamplingReader(fields, modelDefaults).read(maxTokens, logprobs, echo ? logprobs : -1);
    int bestOf = fields.smallInteger("best_of").orElse(sampling.n());
    if (bestOf != sampling.n()) {
      throw fields.wrongType(
          "best_of", "equal to n (" + sampling.n() + "): more choices are not made than returned");
    }
    List<Prompt> prompts = prompts(fields);
    if ((long) prompts.size() * sampling.n() > MAX_SEQUENCES) {
      throw fields.wrongType(
          "prompt", "at most " + MAX_SEQUENCES + " prompts times n; send several requests");
    }
    return new CompletionRequest(
        envelope, prompts, sampling, echo, fields.flag("add_special_tokens", true));
  }

  private static List<Prompt> prompts(FieldReader fields) {
    JsonNode value = fields.any("prompt");
    if (value != null && value.isTextual()) {
      return List.of(new Prompt.Text(value.textValue()));
    }
    if (value == null || !value.isArray() || value.isEmpty()) {
      throw fields.wrongType("prompt", "a string, token ids or a non-empty array of either");
    }
    if (value.get(0).isNumber()) {
      return List.of(tokens(value, fields.pathOf("prompt")));
    }
    if (value.size() > MAX_SEQUENCES) {
      throw fields.wrongType("prompt", "at most " + MAX_SEQUENCES + " prompts");
    }
    List<Prompt> prompts = new ArrayList<>(value.size());
    for (JsonNode item : value) {
      String name = "prompt[" + prompts.size() + "]";
      if (item.isTextual()) {
        prompts.add(new Prompt.Text(item.textValue()));
      } else if (item.isArray()) {
        prompts.add(tokens(item, fields.pathOf(name)));
      } else {
        throw fields.wrongType(name, "a string or an array of token ids");
      }
    }
    return prompts;
  }

  private static Prompt.Tokens tokens(JsonNode ids, String name) {
    return new Prompt.Tokens(SamplingReader.Texts.tokenIds(ids, name, MAX_PROMPT_IDS));
  }
}
