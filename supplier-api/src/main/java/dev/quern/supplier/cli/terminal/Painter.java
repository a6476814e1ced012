package dev.quern.supplier.cli.terminal;

/** Shows a transfer in one way. Called by one thread at a time, several times a second. */
interface Painter {
  /**
   * Shows what is new.
   *
   * @param nanos the time, from any origin
   */
  void paint(Transfer.View view, long nanos);

  /** Shows what is new, for the last time; leaves the stream at the start of a line. */
  void end(Transfer.View view, long nanos);
}
