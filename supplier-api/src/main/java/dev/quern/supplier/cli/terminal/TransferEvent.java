package dev.quern.supplier.cli.terminal;

/** Something that happened once during a transfer. */
sealed interface TransferEvent {
  /**
   * A file is being worked on.
   *
   * @param done bytes of it that were there already
   */
  record Started(String file, long bytes, long done) implements TransferEvent {}

  /**
   * A file is done.
   *
   * @param outcome such as {@code verified}
   */
  record Finished(String file, long bytes, String outcome) implements TransferEvent {}

  /** A person should know, such as that a file is tried again, and why. */
  record Noted(String file, String text) implements TransferEvent {}
}
