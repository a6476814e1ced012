package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * What a request that says nothing gets: OpenAI's defaults, or those the checkpoint was made with.
 */
public record SamplingDefaults(
    double temperature, int topK, double topP, double minP, double repetitionPenalty) {
  public static final SamplingDefaults OPENAI = new SamplingDefaults(1, 0, 1, 0, 1);

  /** Those of a checkpoint's {@code generation_config.json}, OpenAI's where it is silent. */
  public static SamplingDefaults ofCheckpoint(Optional<JsonNode> generationConfig) {
    return generationConfig.map(SamplingDefaults::of).orElse(OPENAI);
  }

  static SamplingDefaults of(JsonNode config) {
    return new SamplingDefaults(
        number(config, "temperature", 0, 2, OPENAI.temperature),
        (int) number(config, "top_k", 0, Integer.MAX_VALUE, OPENAI.topK),
        number(config, "top_p", 1e-6, 1, OPENAI.topP),
        number(config, "min_p", 0, 1, OPENAI.minP),
        number(config, "repetition_penalty", 1e-3, 10, OPENAI.repetitionPenalty));
  }

  private static double number(
      JsonNode config, String name, double least, double most, double absent) {
    JsonNode value = config.get(name);
    boolean usable =
        value != null
            && value.isNumber()
            && value.doubleValue() >= least
            && value.doubleValue() <= most;
    return usable ? value.doubleValue() : absent;
  }
}
