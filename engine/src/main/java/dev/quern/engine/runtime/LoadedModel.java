package dev.quern.engine.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.generate.GenerationEngine;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.text.ChatTemplate;
import dev.quern.engine.text.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A model ready to answer. Closing it ends its engine and frees its memory. */
public interface LoadedModel extends AutoCloseable {
  /** The name it was asked for: an id, a folder's name, or {@code demo}. */
  String id();

  /** The folder that its files lie in. */
  Path folder();

  String architecture();

  long parameters();

  Tokenizer tokenizer();

  /** How conversations become prompts; absent: the checkpoint completes text only. */
  Optional<ChatTemplate> chatTemplate();

  /** What {@code generation_config.json} says, if there is one. */
  Optional<JsonNode> generationConfig();

  GenerationEngine engine();

  /** End-of-sequence ids of generation_config.json, else config.json. */
  Set<Integer> endOfSequenceTokens();

  /** Bytes by tag: {@code weights}, {@code kv_cache}, {@code workspace}. */
  Map<String, MemoryUse> memory();

  @Override
  void close();
}
