package dev.quern.supplier.cli.completion;

import dev.quern.supplier.config.Setting;
import java.util.List;

/**
 * A command as a shell needs to know it.
 *
 * @param purpose one sentence without a full stop
 * @param argument what its words are
 */
public record CompletedCommand(
    String name, String purpose, List<Setting<?>> flags, Argument argument) {
  /** What can be completed of a word that is no flag. */
  public enum Argument {
    NONE,
    /** A model of the hub's cache, or a folder. */
    MODEL,
    COMMAND,
    SHELL
  }

  public CompletedCommand {
    flags = List.copyOf(flags);
  }

  /** Flags that take a value. */
  List<Setting<?>> valued() {
    return flags.stream().filter(flag -> !flag.isSwitch()).toList();
  }
}
