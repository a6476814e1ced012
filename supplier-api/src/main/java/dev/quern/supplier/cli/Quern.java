package dev.quern.supplier.cli;

import dev.quern.supplier.cli.terminal.Terminal;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
            Optional.ofNullable(System.console()).map(java.io.Console::isTerminal).orElse(false),
            () -> Terminal.behind(Terminal.STANDARD_ERROR, System.getenv()));
    int exitCode = new CommandLine(commands(), console).run(List.of(arguments));
    System.exit(exitCode);
  }

  /** All commands, in the order of help. */
  static List<Command> commands() {
    List<Command> commands = new ArrayList<>();
    commands.add(new ServeCommand());
    commands.add(new RunCommand());
    commands.add(new PullCommand(GpuFit::probe));
    commands.add(new ListCommand());
    commands.add(new ShowCommand(GpuFit::probe));
    commands.add(new RemoveCommand());
    commands.add(new VerifyCommand());
    commands.add(new PruneCommand());
    commands.add(new CheckCommand());
    commands.add(new AttestCommand());
    commands.add(new DoctorCommand());
    commands.add(new CompletionCommand(() -> commands));
    commands.add(new VersionCommand());
    return commands;
  }
}
