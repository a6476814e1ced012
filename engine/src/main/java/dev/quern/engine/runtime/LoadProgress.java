package dev.quern.engine.runtime;

/** Hears how far the loading of a model is, on the device's thread. */
@FunctionalInterface
public interface LoadProgress {
  /** For those who do not ask. */
  LoadProgress UNHEARD = (bytes, ofBytes) -> {};

  /**
   * After each tensor; from the beginning again when a device that was lost gets its model back.
   *
   * @param bytes of the checkpoint loaded so far
   * @param ofBytes of the whole checkpoint
   */
  void loaded(long bytes, long ofBytes);

  /** Before the first tensor, what an operator should know of a choice made for this device. */
  default void remark(String remark) {}
}
