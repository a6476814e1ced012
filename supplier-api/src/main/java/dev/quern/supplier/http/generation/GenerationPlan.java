package dev.quern.supplier.http.generation;

import dev.quern.engine.generate.GenerationRequest;
import dev.quern.supplier.http.openai.Envelope;
import dev.quern.supplier.http.openai.SamplingOptions;
import java.util.List;

/**
 * What is to be run for one request: each prompt {@code sampling.n()} times.
 *
 * @param id the answer's id
 * @param echoScores the prompt's scores lead the output's, as completions echo them
 * @param relay whether it came through the network and not from the operator
 * @param mostTokens of each output, whatever was asked for
 */
public record GenerationPlan(
    String id,
    ServedModel model,
    Envelope envelope,
    List<PlannedPrompt> prompts,
    SamplingOptions sampling,
    boolean echoScores,
    boolean relay,
    int mostTokens) {
  /** The operator's own request. */
  GenerationPlan(
      String id,
      ServedModel model,
      Envelope envelope,
      List<PlannedPrompt> prompts,
      SamplingOptions sampling,
      boolean echoScores) {
    this(id, model, envelope, prompts, sampling, echoScores, false, Integer.MAX_VALUE);
  }

  /** The same for a request that came through the network. */
  public GenerationPlan asRelay(int most) {
    return new GenerationPlan(id, model, envelope, prompts, sampling, echoScores, true, most);
  }

  /** Tokens of the longest prompt. */
  public int longestPrompt() {
    return prompts.stream().mapToInt(prompt -> prompt.tokens().length).max().orElse(0);
  }

  int promptTokens() {
    return prompts.stream().mapToInt(prompt -> prompt.tokens().length).sum();
  }

  /** Lower is scheduled first: relays after everything else, each kind by what it asks for. */
  int priority() {
    return envelope.priority() + (relay ? GenerationRequest.RELAY_PRIORITY : 0);
  }

  public int choices() {
    return prompts.size() * sampling.n();
  }
}
