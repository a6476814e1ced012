package dev.quern.supplier.cli;

import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.util.List;

/** One word that {@code quern} understands. */
interface Command {
  String name();

  /** What follows the name, besides flags. */
  String words();

  /** One sentence without a full stop. */
  String purpose();

  /** Flags of this command beside those that every command takes. */
  List<Setting<?>> flags();

  /**
   * Does it.
   *
   * @return the exit code
   * @throws dev.quern.store.QuernException when it cannot be done
   */
  int run(Arguments arguments, QuernConfiguration configuration, Console console);
}
