package dev.quern.engine.runtime;

import dev.quern.engine.embed.EncoderEngine;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.text.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A model that turns texts into vectors or scores. */
public record LoadedEncoder(
    String id, Path path, ModelDevice device, Tokenizer tokenizer, EncoderEngine engine)
    implements LoadedModel {
  public EncoderDescription description() {
    return engine.facts().description();
  }

  @Override
  public String architecture() {
    return description().architecture();
  }

  @Override
  public DType dtype() {
    return engine.facts().dtype();
  }

  @Override
  public long parameters() {
    return engine.facts().parameters();
  }

  @Override
  public int maxTokens() {
    return description().maxTokens();
  }

  @Override
  public Map<String, MemoryUse> memory() {
    return Map.of("weights", engine.facts().weights());
  }

  @Override
  public Optional<String> fault() {
    return engine.snapshot().healthy() ? Optional.empty() : Optional.of("its last passes failed");
  }

  @Override
  public void drain(long millis) {
    engine.drain(millis);
  }

  @Override
  public void close() {
    engine.close();
    tokenizer.close();
  }
}
