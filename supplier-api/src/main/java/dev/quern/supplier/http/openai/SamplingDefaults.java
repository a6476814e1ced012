package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a request that says nothing gets: OpenAI's defaults, or those the checkpoint was made with.
 */
public record SamplingDefaults(
    double temperature, int topK, double topP, double minP, double repetitionPenalty) {
  public static final SamplingDefaults OPENAI = new SamplingDefaults(1, 0, 1, 0, 1);

  private static final Logger LOG = LoggerFactory.getLogger(SamplingDefaults.class);
  private static final long LONGEST_FILE = 1_000_000;

  /**
   * Those of {@code generation_config.json} in a checkpoint's folder, OpenAI's where it is silent.
   */
  public static SamplingDefaults ofCheckpoint(Path folder) {
    Path file = folder.resolve("generation_config.json");
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > LONGEST_FILE) {
        return OPENAI;
      }
      return of(Json.readObject(Files.readAllBytes(file)));
    } catch (IOException | ApiException e) {
      LOG.warn("{} is left out of account: {}", file, e.getMessage());
      return OPENAI;
    }
  }

  static SamplingDefaults of(ObjectNode config) {
    return new SamplingDefaults(
        number(config, "temperature", 0, 2, OPENAI.temperature),
        (int) number(config, "top_k", 0, Integer.MAX_VALUE, OPENAI.topK),
        number(config, "top_p", 1e-6, 1, OPENAI.topP),
        number(config, "min_p", 0, 1, OPENAI.minP),
        number(config, "repetition_penalty", 1e-3, 10, OPENAI.repetitionPenalty));
  }

  private static double number(
      ObjectNode config, String name, double least, double most, double absent) {
    JsonNode value = config.get(name);
    boolean usable =
        value != null
            && value.isNumber()
            && value.doubleValue() >= least
            && value.doubleValue() <= most;
    return usable ? value.doubleValue() : absent;
  }
}
