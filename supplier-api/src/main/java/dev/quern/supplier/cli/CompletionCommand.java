package dev.quern.supplier.cli;

import dev.quern.store.QuernException;
import dev.quern.supplier.cli.completion.CompletedCommand;
import dev.quern.supplier.cli.completion.CompletedCommand.Argument;
import dev.quern.supplier.cli.completion.CompletionScript;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** {@code quern completion SHELL}: a script that completes this command line. */
final class CompletionCommand implements Command {
  private final Supplier<List<Command>> commands;

  /**
   * @param commands all of them, asked for when the script is written
   */
  CompletionCommand(Supplier<List<Command>> commands) {
    this.commands = commands;
  }

  @Override
  public String name() {
    return "completion";
  }

  @Override
  public String words() {
    return String.join("|", CompletionScript.shells());
  }

  @Override
  public String purpose() {
    return "print a script that lets a shell complete quern's commands";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of();
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    String shell = arguments.words().size() == 1 ? arguments.words().getFirst() : "";
    CompletionScript script =
        CompletionScript.named(shell)
            .orElseThrow(
                () ->
                    QuernException.badRequest(
                        "shell",
                        "completion takes a shell: "
                            + String.join(", ", CompletionScript.shells())));
    console.out().print(script.text(completed()));
    return ExitCodes.DONE;
  }

  private List<CompletedCommand> completed() {
    List<CompletedCommand> completed = new ArrayList<>();
    for (Command command : commands.get()) {
      completed.add(
          new CompletedCommand(
              command.name(), command.purpose(), CommandLine.accepted(command), argument(command)));
    }
    completed.add(
        new CompletedCommand("help", CommandLine.HELP_PURPOSE, List.of(), Argument.COMMAND));
    return completed;
  }

  private Argument argument(Command command) {
    if (command.equals(this)) {
      return Argument.SHELL;
    }
    boolean takesModel = command.words().contains("MODEL") || command.words().contains("ORG/NAME");
    return takesModel ? Argument.MODEL : Argument.NONE;
  }
}
