package dev.quern.supplier.cli;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** The process {@code quern}. */
public final class Quern {
  private Quern() {}

  public static void main(String[] arguments) {
    // Models speak UTF-8 whatever the locale says.
    Console console =
        new Console(
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
            new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
            System.getenv(),
            Optional.ofNullable(System.console()).map(java.io.Console::isTerminal).orElse(false));
    List<Command> commands =
        List.of(
            new ServeCommand(),
            new RunCommand(),
            new ListCommand(),
            new ShowCommand(),
            new VersionCommand());
    int exitCode = new CommandLine(commands, console).run(List.of(arguments));
    System.exit(exitCode);
  }
}
