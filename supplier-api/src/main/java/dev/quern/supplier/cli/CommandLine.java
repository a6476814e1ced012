package dev.quern.supplier.cli;

import dev.quern.store.QuernException;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.QuernSettings;
import dev.quern.supplier.config.Setting;
import dev.quern.supplier.config.SettingsTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** From the words of a command line to a command, and from its errors to one line and a code. */
final class CommandLine {
  static final String HELP_PURPOSE = "say what a command takes";

  private static final Setting<Boolean> HELP =
      CommandOptions.toggle("help", "say what this command takes");
  private static final Setting<Boolean> VERBOSE =
      CommandOptions.toggle("verbose", "short for --log debug");

  private final List<Command> commands;
  private final Console console;

  CommandLine(List<Command> commands, Console console) {
    this.commands = List.copyOf(commands);
    this.console = console;
  }

  /** Runs one command line; returns the exit code. Errors have been printed. */
  int run(List<String> line) {
    boolean debug =
        line.contains(VERBOSE.flag())
            || "debug".equals(console.environment().get(QuernSettings.LOG.environmentVariable()));
    try {
      return dispatch(line);
    } catch (QuernException e) {
      report(e.message(), e, debug);
      return ExitCodes.of(e.category());
    } catch (RuntimeException | Error e) {
      report("unexpected " + e + (debug ? "" : "; --verbose shows where"), e, debug);
      return ExitCodes.FAULT;
    }
  }

  private int dispatch(List<String> line) {
    String word = line.isEmpty() ? "help" : line.getFirst();
    List<String> rest = line.isEmpty() ? List.of() : line.subList(1, line.size());
    return switch (word) {
      case "help", "--help", "-h" -> help(rest);
      case "--version", "-v" -> run(command("version"), rest);
      default -> run(command(word), rest);
    };
  }

  private int run(Command command, List<String> line) {
    List<String> words = line.stream().map(word -> word.equals("-h") ? HELP.flag() : word).toList();
    Arguments arguments = Arguments.parse(words, accepted(command));
    if (CommandOptions.isOn(HELP, arguments)) {
      console.out().print(helpFor(command));
      return ExitCodes.DONE;
    }
    Map<String, List<String>> flags = new LinkedHashMap<>(arguments.flags());
    if (CommandOptions.isOn(VERBOSE, arguments)) {
      flags.putIfAbsent(QuernSettings.LOG.name(), List.of("debug"));
    }
    QuernConfiguration configuration = QuernConfiguration.resolve(flags, console.environment());
    Logs logs = Logs.configure(configuration.debug());
    try {
      return command.run(arguments, configuration, console);
    } finally {
      java.lang.ref.Reference.reachabilityFence(logs);
    }
  }

  /** All flags that a command line may have behind a command. */
  static List<Setting<?>> accepted(Command command) {
    List<Setting<?>> accepted = new ArrayList<>(command.flags());
    accepted.addAll(QuernSettings.PROCESS);
    accepted.add(VERBOSE);
    accepted.add(HELP);
    return accepted;
  }

  private Command command(String word) {
    return commands.stream()
        .filter(command -> command.name().equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                QuernException.badRequest(
                    "command",
                    "there is no command '"
                        + word
                        + "'; commands are "
                        + String.join(", ", commands.stream().map(Command::name).toList())
                        + " and help"));
  }

  private int help(List<String> line) {
    console.out().print(line.isEmpty() ? overview() : helpFor(command(line.getFirst())));
    return ExitCodes.DONE;
  }

  private String overview() {
    StringBuilder text =
        new StringBuilder("Quern serves open language models from one jar.\n\nCommands:\n");
    for (Command command : commands) {
      text.append("  quern %-31s %s%n".formatted(usage(command), command.purpose()));
    }
    text.append("  quern %-31s %s%n".formatted("help [COMMAND]", HELP_PURPOSE));
    return text.append(
            "\nEvery setting is a flag, an environment variable QUERN_... and a key of the YAML"
                + " file that --config names.\n")
        .toString();
  }

  private static String helpFor(Command command) {
    StringBuilder text = new StringBuilder();
    text.append("quern ").append(usage(command)).append(" [FLAGS]\n  ");
    text.append(command.purpose()).append("\n\nFlags (and their defaults):\n");
    List<Setting<?>> flags = new ArrayList<>(command.flags());
    flags.addAll(QuernSettings.PROCESS);
    flags.add(VERBOSE);
    return text.append(SettingsTable.help(flags)).toString();
  }

  private static String usage(Command command) {
    return (command.name() + " " + command.words()).strip();
  }

  private void report(String message, Throwable error, boolean debug) {
    console.say("quern: " + message);
    if (debug) {
      error.printStackTrace(console.err());
    }
  }
}
