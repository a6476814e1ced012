package dev.quern.engine.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.generate.GenerationEngine;
import dev.quern.engine.generate.ScheduledEngine;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.text.ChatTemplate;
import dev.quern.engine.text.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A model on a device of this process. */
record ServedModel(
    String id,
    Path folder,
    Tokenizer tokenizer,
    Optional<ChatTemplate> chatTemplate,
    Optional<JsonNode> generationConfig,
    ScheduledEngine scheduledEngine,
    Set<Integer> endOfSequenceTokens)
    implements LoadedModel {
  @Override
  public GenerationEngine engine() {
    return scheduledEngine;
  }

  @Override
  public String architecture() {
    return scheduledEngine.facts().architecture();
  }

  @Override
  public long parameters() {
    return scheduledEngine.facts().parameters();
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
  public void close() {
    scheduledEngine.close();
    tokenizer.close();
  }
}
