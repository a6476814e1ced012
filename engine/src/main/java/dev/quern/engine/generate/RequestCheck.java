package dev.quern.engine.generate;

import dev.quern.store.QuernException;
import java.util.Collection;

/** Refuses what this model can never answer, naming the field and the numbers. */
record RequestCheck(int maxModelLength, int vocabularySize) {
  /**
   * Checks lengths and token ids.
   *
   * @throws QuernException BAD_REQUEST
   */
  void check(GenerationRequest request) {
    checkLength(request);
    SamplingParameters sampling = request.sampling();
    checkIds("prompt", request.promptTokens());
    checkIds("logit_bias", sampling.logitBias().keySet());
    checkIds("allowed_token_ids", sampling.allowedTokens());
    checkIds("stop_token_ids", sampling.stopTokens());
    for (int[] word : sampling.badWords()) {
      checkIds("bad_words", word);
    }
  }

  private void checkLength(GenerationRequest request) {
    int prompt = request.promptTokens().length;
    int maxTokens = request.sampling().maxTokens();
    if (prompt == 0) {
      throw QuernException.badRequest("prompt", "the prompt has no tokens");
    }
    if (prompt + Math.min(1, maxTokens) > maxModelLength) {
      throw QuernException.badRequest(
          "prompt",
          "the prompt has "
              + prompt
              + " tokens, but this model's context is "
              + maxModelLength
              + " tokens of prompt and output together");
    }
    if (prompt + (long) maxTokens > maxModelLength) {
      throw QuernException.badRequest(
          "max_tokens",
          "max_tokens is "
              + maxTokens
              + " and the prompt has "
              + prompt
              + " tokens, but this model's context is "
              + maxModelLength
              + " tokens of prompt and output together");
    }
  }

  private void checkIds(String field, int[] ids) {
    for (int id : ids) {
      checkId(field, id);
    }
  }

  private void checkIds(String field, Collection<Integer> ids) {
    for (int id : ids) {
      checkId(field, id);
    }
  }

  private void checkId(String field, int id) {
    if (id < 0 || id >= vocabularySize) {
      throw QuernException.badRequest(
          field, "token id " + id + " is outside the vocabulary of " + vocabularySize + " tokens");
    }
  }
}
