package dev.quern.engine.model;

/** What an encoder's outputs are for. */
public enum EncoderTask {
  /** One vector a text. */
  EMBEDDING,
  /** One score a label. */
  CLASSIFICATION,
  /** One relevance score for a query and a document read together. */
  RERANKING
}
