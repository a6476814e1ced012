package dev.quern.supplier.cli;

import dev.quern.store.ErrorCategory;

/** Exit codes: 0 done, 1 a fault of Quern or the machine, 2 a bad command line or setting. */
final class ExitCodes {
  static final int DONE = 0;
  static final int FAULT = 1;

  private ExitCodes() {}

  static int of(ErrorCategory category) {
    return switch (category) {
      case INTERNAL -> FAULT;
      case BAD_REQUEST -> 2;
      case NOT_FOUND -> 3;
      case OVERLOADED -> 4;
      case OUT_OF_MEMORY -> 5;
      case UNAVAILABLE -> 6;
    };
  }
}
