package dev.quern.engine.model;

/** Hears of the loading of a model, on the device's thread. */
@FunctionalInterface
public interface LoadListener {
  /** After each tensor, how many bytes of the checkpoint have been loaded. */
  void bytesLoaded(long bytes);

  /** Before the first tensor, what an operator should know of a choice made for this device. */
  default void remark(String remark) {}
}
