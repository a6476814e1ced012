package dev.quern.engine.tensor;

/** The memory of one step: every tensor an operation made since it was opened dies at close. */
public interface Workspace extends AutoCloseable {
  @Override
  void close();
}
