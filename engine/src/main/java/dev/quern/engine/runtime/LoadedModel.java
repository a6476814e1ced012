package dev.quern.engine.runtime;

import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.text.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A model ready to answer. Closing it ends its engine and frees its memory. */
public sealed interface LoadedModel extends AutoCloseable
    permits LoadedLanguageModel, LoadedEncoder {
  /** The name it was asked for: an id, a folder's name, or {@code demo}. */
  String id();

  /** What its checkpoint is opened from: a folder, or a GGUF file. */
  Path path();

  String architecture();

  /** Where it computes. */
  ModelDevice device();

  /** What it computes in. */
  DType dtype();

  long parameters();

  Tokenizer tokenizer();

  /** Most tokens that one request's text may have; a language model's answer counts too. */
  int maxTokens();

  /** Bytes by tag: {@code weights}, {@code kv_cache}. */
  Map<String, MemoryUse> memory();

  /** Why its engine does not serve, or not well; empty when it does. */
  Optional<String> fault();

  /** Takes no new work, lets what runs finish for at most {@code millis}, then ends it. */
  void drain(long millis);

  @Override
  void close();
}
