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
 */
public record GenerationPlan(
    String id,
    ServedModel model,
    Envelope envelope,
    List<PlannedPrompt> prompts,
    SamplingOptions sampling,
    boolean echoScores,
    boolean relay) {
  /** The same for a request that came through the network. */
  public GenerationPlan asRelay() {
    return new GenerationPlan(id, model, envelope, prompts, sampling, echoScores, true);
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
