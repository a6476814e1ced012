package dev.quern.supplier.http.generation;

import dev.quern.supplier.http.openai.Envelope;
import dev.quern.supplier.http.openai.SamplingOptions;
import java.util.List;

/**
 * What is to be run for one request: each prompt {@code sampling.n()} times.
 *
 * @param id the answer's id
 * @param echoScores the prompt's scores lead the output's, as completions echo them
 */
public record GenerationPlan(
    String id,
    ServedModel model,
    Envelope envelope,
    List<PlannedPrompt> prompts,
    SamplingOptions sampling,
    boolean echoScores) {
  int promptTokens() {
    return prompts.stream().mapToInt(prompt -> prompt.tokens().length).sum();
  }

  public int choices() {
    return prompts.size() * sampling.n();
  }
}
