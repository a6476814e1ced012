package dev.quern.supplier.http.generation;

import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.ChatMessage;
import dev.quern.supplier.http.openai.ChatRequest;
import dev.quern.supplier.http.openai.CompletionRequest;
import dev.quern.supplier.http.openai.SamplingOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Turns checked requests into plans: template, tokens, and everything that can only be checked
 * against the model. Templates and tokenisers take their time: for worker threads.
 */
public final class PromptPlanner {
  private PromptPlanner() {}

  /**
   * A chat's plan.
   *
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public static GenerationPlan plan(ChatRequest request, ServedModel model, String id) {
    String text = model.template().render(request.prompt());
    checkChars(text, request.sampling(), model, "messages");
    int[] tokens = model.tokenizer().encode(text, request.addSpecialTokens());
    if (tokens.length == 0) {
      throw QuernException.badRequest("messages", "The conversation makes an empty prompt.");
    }
    ChatMessage last = request.prompt().messages().getLast();
    String lastContent = last.content() == null ? "" : last.content();
    boolean echo = request.echo() && request.prompt().continueFinalMessage();
    PlannedPrompt prompt =
        prepared(
            tokens,
            echo ? lastContent : "",
            request.prompt().continueFinalMessage(),
            request.sampling(),
            model,
            "messages");
    return checked(
        new GenerationPlan(
            id, model, request.envelope(), List.of(prompt), request.sampling(), false));
  }

  /**
   * A completion's plan.
   *
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public static GenerationPlan plan(CompletionRequest request, ServedModel model, String id) {
    List<PlannedPrompt> prompts = new ArrayList<>(request.prompts().size());
    for (CompletionRequest.Prompt prompt : request.prompts()) {
      int[] tokens = tokens(prompt, request, model);
      String echo = request.echo() ? echoed(prompt, tokens, request.sampling(), model) : "";
      prompts.add(prepared(tokens, echo, true, request.sampling(), model, "prompt"));
    }
    boolean echoScores = request.echo() && request.sampling().logprobs() >= 0;
    return checked(
        new GenerationPlan(id, model, request.envelope(), prompts, request.sampling(), echoScores));
  }

  private static int[] tokens(
      CompletionRequest.Prompt prompt, CompletionRequest request, ServedModel model) {
    int[] tokens =
        switch (prompt) {
          case CompletionRequest.Prompt.Text text -> {
            checkChars(text.text(), request.sampling(), model, "prompt");
            yield model.tokenizer().encode(text.text(), request.addSpecialTokens());
          }
          case CompletionRequest.Prompt.Tokens ids -> ids.ids();
        };
    if (tokens.length == 0) {
      throw QuernException.badRequest("prompt", "The field 'prompt' holds no tokens.");
    }
    checkIds("prompt", tokens, model.engine().vocabularySize());
    return tokens;
  }

  private static String echoed(
      CompletionRequest.Prompt prompt, int[] tokens, SamplingOptions sampling, ServedModel model) {
    return switch (prompt) {
      case CompletionRequest.Prompt.Text text when sampling.truncatePrompt().isEmpty() ->
          text.text();
      case CompletionRequest.Prompt any ->
          model.tokenizer().decode(truncated(tokens, sampling, model), false);
    };
  }

  private static PlannedPrompt prepared(
      int[] tokens,
      String echo,
      boolean continuesText,
      SamplingOptions sampling,
      ServedModel model,
      String field) {
    int[] kept = truncated(tokens, sampling, model);
    checkLength(kept.length, sampling, model, field);
    return new PlannedPrompt(kept, echo, continuesText);
  }

  /** The prompt's last tokens, as many as are wanted; -1 wants what leaves room for the output. */
  private static int[] truncated(int[] tokens, SamplingOptions sampling, ServedModel model) {
    if (sampling.truncatePrompt().isEmpty()) {
      return tokens;
    }
    int wanted = sampling.truncatePrompt().getAsInt();
    int kept =
        wanted >= 0
            ? Math.max(1, wanted)
            : Math.max(1, model.engine().maxModelLength() - sampling.maxTokens().orElse(1));
    return kept >= tokens.length
        ? tokens
        : Arrays.copyOfRange(tokens, tokens.length - kept, tokens.length);
  }

  /** Refuses without tokenising what is far too long: that takes seconds for megabytes. */
  private static void checkChars(
      String text, SamplingOptions sampling, ServedModel model, String field) {
    int context = model.engine().maxModelLength();
    long mostChars = (long) model.tokenizer().maxCharsPerToken() * context;
    if (text.length() <= mostChars || sampling.truncatePrompt().isPresent()) {
      return;
    }
    throw ApiException.contextExceeded(
        field,
        "This model's maximum context length is "
            + context
            + " tokens, but the prompt has at least "
            + text.length() / model.tokenizer().maxCharsPerToken()
            + " tokens.");
  }

  private static void checkLength(
      int promptTokens, SamplingOptions sampling, ServedModel model, String field) {
    int context = model.engine().maxModelLength();
    int least = Math.min(1, sampling.maxTokens().orElse(1));
    if (promptTokens + least > context) {
      throw ApiException.contextExceeded(
          field,
          "This model's maximum context length is "
              + context
              + " tokens, but the prompt has "
              + promptTokens
              + " tokens"
              + (least == 0 ? "." : " and needs room for at least one more."));
    }
    long wanted = (long) promptTokens + sampling.maxTokens().orElse(0);
    if (wanted > context) {
      throw ApiException.contextExceeded(
          "max_tokens",
          "This model's maximum context length is "
              + context
              + " tokens, but "
              + wanted
              + " were requested: "
              + promptTokens
              + " in the prompt and "
              + sampling.maxTokens().orElse(0)
              + " in the output.");
    }
  }

  private static GenerationPlan checked(GenerationPlan plan) {
    SamplingOptions sampling = plan.sampling();
    int size = plan.model().engine().vocabularySize();
    checkIds("logit_bias", array(sampling.logitBias().keySet()), size);
    checkIds("stop_token_ids", array(sampling.stopTokenIds()), size);
    checkIds("allowed_token_ids", array(sampling.allowedTokenIds()), size);
    return plan;
  }

  private static int[] array(Collection<Integer> ids) {
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Refuses ids outside the vocabulary of {@code size}.
   *
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public static void checkIds(String field, int[] ids, int size) {
    for (int id : ids) {
      if (id >= size) {
        throw QuernException.badRequest(
            field,
            "The field '"
                + field
                + "' holds token id "
                + id
                + "; this model's vocabulary has "
                + size
                + " tokens.");
      }
    }
  }
}
