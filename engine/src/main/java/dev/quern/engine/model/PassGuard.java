package dev.quern.engine.model;

/**
 * Says whether a pass that is under way goes on. A model asks between its layers, on the device's
 * thread, so that work which has lost its use ends within a layer's time. A backend that replays a
 * recorded pass does not ask: its passes run to their end.
 */
@FunctionalInterface
public interface PassGuard {
  /** Nothing ends the pass early. */
  PassGuard ALWAYS = () -> true;

  boolean goesOn();
}
