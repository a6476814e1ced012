package dev.quern.engine.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.generate.GenerationEngine;
import dev.quern.engine.generate.ScheduledEngine;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.text.ChatTemplate;
import dev.quern.engine.text.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model that continues texts.
 *
 * @param chatTemplate how conversations become prompts; absent: the checkpoint completes text only
 * @param generationConfig what {@code generation_config.json} says, if there is one
 * @param endOfSequenceTokens ids of generation_config.json, else config.json
 */
public record LoadedLanguageModel(
    String id,
    Path path,
    ModelDevice device,
    Tokenizer tokenizer,
    Optional<ChatTemplate> chatTemplate,
    Optional<JsonNode> generationConfig,
    ScheduledEngine scheduledEngine,
    Set<Integer> endOfSequenceTokens)
    implements LoadedModel {
  public GenerationEngine engine() {
    return scheduledEngine;
  }

  @Override
  public String architecture() {
    return scheduledEngine.facts().architecture();
  }

  @Override
  public DType dtype() {
    return scheduledEngine.facts().dtype();
  }

  @Override
  public long parameters() {
    return scheduledEngine.facts().parameters();
  }

  @Override
  public int maxTokens() {
    return scheduledEngine.maxModelLength();
  }

  @Override
  public Map<String, MemoryUse> memory() {
    return Map.of(
        "weights",
        scheduledEngine.facts().weights(),
        "kv_cache",
        scheduledEngine.facts().kvCache());
  }

  @Override
  public Optional<String> fault() {
    return scheduledEngine.snapshot().fault();
  }

  @Override
  public void drain(long millis) {
    scheduledEngine.drain(millis);
  }

  @Override
  public void close() {
    scheduledEngine.close();
    tokenizer.close();
  }
}
