package dev.quern.supplier.check;

/** Why a check did not pass; its message is for the operator. */
final class CheckFailure extends Exception {
  private static final long serialVersionUID = 1L;

  CheckFailure(String reason) {
    super(reason);
  }

  /** The reason. */
  String reason() {
    return String.valueOf(getMessage());
  }

  /** Fails unless something holds. */
  static void unless(boolean holds, String reason) throws CheckFailure {
    if (!holds) {
      throw new CheckFailure(reason);
    }
  }
}
