package dev.quern.supplier.cli.completion;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The scripts, by shell. */
public enum CompletionScript {
  BASH,
  ZSH,
  FISH;

  /** The shell's own name. */
  public String shell() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** All shells' names. */
  public static List<String> shells() {
    return List.of(values()).stream().map(CompletionScript::shell).toList();
  }

  /** The script for a shell, if there is one. */
  public static Optional<CompletionScript> named(String shell) {
    return List.of(values()).stream().filter(script -> script.shell().equals(shell)).findFirst();
  }

  /** The script as text. */
  public String text(List<CompletedCommand> commands) {
    return switch (this) {
      case BASH -> BashCompletion.script(commands);
      case ZSH -> ZshCompletion.script(commands);
      case FISH -> FishCompletion.script(commands);
    };
  }
}
