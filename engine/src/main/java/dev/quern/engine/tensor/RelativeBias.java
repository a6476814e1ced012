package dev.quern.engine.tensor;

/**
 * Numbers added to attention scores by head and by the distance from query to key, the same in all
 * layers. Freed by the model that asked for it.
 */
public interface RelativeBias extends AutoCloseable {
  /** Texts of up to this many tokens. */
  int maxTokens();

  @Override
  void close();
}
