package dev.quern.store;

import java.util.Locale;

/** What a model is for, as far as its small files tell. */
public enum ModelKind {
  /** Continues texts and knows how a conversation is written. */
  CHAT,
  /** Continues texts. */
  COMPLETION,
  /** Turns texts into vectors. */
  EMBEDDING,
  /** Scores texts or pairs of them. */
  CLASSIFIER,
  /** Makes images. */
  DIFFUSION,
  /** Changes another model, as LoRA does. */
  ADAPTER,
  /** A file of weights with its own metadata. */
  GGUF,
  UNKNOWN;

  /** In lower case, as people and JSON see it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The kind of a checkpoint with {@code config.json}. */
  static ModelKind of(String architecture, boolean chatTemplate) {
    if (architecture.endsWith("ForCausalLM")
        || architecture.endsWith("LMHeadModel")
        || architecture.endsWith("ForConditionalGeneration")) {
      return chatTemplate ? CHAT : COMPLETION;
    }
    if (architecture.endsWith("ForSequenceClassification")) {
      return CLASSIFIER;
    }
    return architecture.endsWith("Model") || architecture.endsWith("ForMaskedLM")
        ? EMBEDDING
        : UNKNOWN;
  }
}
