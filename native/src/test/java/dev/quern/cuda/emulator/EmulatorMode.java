package dev.quern.cuda.emulator;

/** How the emulator orders threads and work, and what fresh memory holds. */
public enum EmulatorMode {
  /** Lowest threads first, copies and stream work at the wait, memory full of small numbers. */
  DEFAULT(false, false, 0x3C),
  /** Highest blocks, warps and lanes first. */
  REVERSED(true, false, 0x3C),
  /** Asynchronous copies and stream work at once. */
  EAGER(false, true, 0x3C),
  /** Memory full of NaN, of whichever type. */
  NAN_FILLED(false, false, 0xFF);

  final boolean reversed;
  final boolean eager;
  final int fill;

  EmulatorMode(boolean reversed, boolean eager, int fill) {
    this.reversed = reversed;
    this.eager = eager;
    this.fill = fill;
  }
}
