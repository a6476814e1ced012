package dev.quern.supplier.relay;

import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.SamplingOptions;
import java.util.OptionalInt;

/**
 * What one relay may ask for. Tokens are counted by the model's own tokenizer.
 *
 * @param cropMaxTokens whether who asks for more tokens than there are gets those there are,
 *     instead of a refusal
 * @param maxTokens most tokens of an output
 * @param maxPromptTokens most tokens of a prompt
 * @param maxLogprobs most alternatives with a token; 0 gives a token's own alone, -1 none at all
 */
public record RelayLimits(
    boolean cropMaxTokens, OptionalInt maxTokens, OptionalInt maxPromptTokens, int maxLogprobs) {
  /** The most that any request may ask for. */
  public static final int ALL_LOGPROBS = 20;

  /** The model's own bounds alone. */
  public static final RelayLimits NONE =
      new RelayLimits(false, OptionalInt.empty(), OptionalInt.empty(), ALL_LOGPROBS);

  /**
   * What is sampled for a relay that asked for {@code asked}. Cropped options name no number of
   * tokens: {@link #mostTokens} holds it, and the context.
   *
   * @throws QuernException BAD_REQUEST, naming the field
   */
  public SamplingOptions admit(SamplingOptions asked) {
    if (maxLogprobs < 0 && (asked.logprobs() >= 0 || asked.promptLogprobs() >= 0)) {
      throw QuernException.badRequest(
          "logprobs", "Log-probabilities are switched off here; leave them out.");
    }
    boolean tooMany = asked.maxTokens().orElse(0) > maxTokens.orElse(Integer.MAX_VALUE);
    if (tooMany && !cropMaxTokens) {
      throw QuernException.badRequest(
          "max_tokens",
          "At most "
              + maxTokens.orElseThrow()
              + " tokens are generated here, but "
              + asked.maxTokens().orElseThrow()
              + " were requested.");
    }
    // None at all scores a prompt, and what the prompt is cut for must stay.
    boolean crop =
        cropMaxTokens && asked.maxTokens().orElse(0) > 0 && asked.truncatePrompt().isEmpty();
    return asked.limited(
        crop ? OptionalInt.empty() : asked.maxTokens(),
        Math.min(asked.logprobs(), maxLogprobs),
        Math.min(asked.promptLogprobs(), maxLogprobs));
  }

  /** Most tokens of an output of a relay that asked for {@code asked}. */
  public int mostTokens(SamplingOptions asked) {
    return Math.min(
        asked.maxTokens().orElse(Integer.MAX_VALUE), maxTokens.orElse(Integer.MAX_VALUE));
  }

  /**
   * Checks the length of a prompt.
   *
   * @throws QuernException BAD_REQUEST
   */
  public void checkPrompt(int tokens) {
    if (tokens > maxPromptTokens.orElse(Integer.MAX_VALUE)) {
      throw ApiException.contextExceeded(
          "prompt",
          "At most "
              + maxPromptTokens.orElseThrow()
              + " tokens of a prompt are taken here, but it has "
              + tokens
              + ".");
    }
  }
}
