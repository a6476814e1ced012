package dev.quern.engine.embed;

/** Hears of every pass, on the device's thread: it must only count and return. */
@FunctionalInterface
public interface PassListener {
  /**
   * One pass that worked.
   *
   * @param inputs texts in it
   * @param tokens of all of them
   * @param nanos of the forward pass
   */
  void onPass(int inputs, int tokens, long nanos);
}
