package dev.quern.supplier.cli.completion;

import dev.quern.supplier.config.Setting;
import java.util.List;
import java.util.stream.Collectors;

/** For zsh with its completion system loaded (compinit). */
final class ZshCompletion {
  private static final String SCRIPT =
      """
      #compdef quern
      # Completion of quern for zsh. Try it:  source <(quern completion zsh)
      _quern_models() {
        local caches=${XDG_CACHE_HOME:-$HOME/.cache}
        local -a folders models
        folders=(${HF_HUB_CACHE:-${HF_HOME:-$caches/huggingface}/hub}/models--*(N/:t))
        models=(demo ${${folders#models--}/--//})
        _alternative "models:model:($models)" 'folders:folder:_files -/'
      }

      _quern() {
        local curcontext=$curcontext state line
        local -a commands
        commands=(
      @COMMANDS@
        )
        _arguments -C '1:command:->command' '*::argument:->argument'
        case $state in
          command) _describe command commands ;;
          argument)
            case $words[1] in
      @FLAGS@
            esac
            ;;
        esac
      }

      if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
        _quern "$@"
      else
        compdef _quern quern
      fi
      """;

  private ZshCompletion() {}

  static String script(List<CompletedCommand> commands) {
    return SCRIPT
        .replace(
            "@COMMANDS@",
            commands.stream()
                .map(command -> "    " + quoted(command.name() + ":" + command.purpose()))
                .collect(Collectors.joining("\n")))
        .replace(
            "@FLAGS@",
            commands.stream()
                .map(command -> flags(command, commands))
                .collect(Collectors.joining("\n")));
  }

  private static String flags(CompletedCommand command, List<CompletedCommand> commands) {
    String indent = "            ";
    StringBuilder text =
        new StringBuilder("        " + command.name() + ")\n" + indent.substring(2) + "_arguments");
    for (Setting<?> flag : command.flags()) {
      text.append(" \\\n").append(indent).append(quoted(specification(flag)));
    }
    String words = words(command, commands);
    if (!words.isEmpty()) {
      text.append(" \\\n").append(indent).append(quoted(words));
    }
    return text.append("\n          ;;").toString();
  }

  /** Such as {@code --port=[port; 0 takes a free one]:N:}. */
  private static String specification(Setting<?> flag) {
    String doc = "[" + escaped(flag.doc().replace("`", "")) + "]";
    if (flag.isSwitch()) {
      return flag.flag() + doc;
    }
    String action =
        switch (FlagValue.of(flag)) {
          case FlagValue.Choice(List<String> words) -> "(" + String.join(" ", words) + ")";
          case FlagValue.AnyFile _ -> "_files";
          case FlagValue.Folder _ -> "_files -/";
          case FlagValue.Model _ -> "_quern_models";
          case FlagValue.Free _ -> " ";
        };
    String placeholder = escaped(flag.type().placeholder());
    return (flag.repeatable() ? "*" : "")
        + flag.flag()
        + "="
        + doc
        + ":"
        + placeholder
        + ":"
        + action;
  }

  private static String words(CompletedCommand command, List<CompletedCommand> commands) {
    return switch (command.argument()) {
      case NONE -> "";
      case MODEL -> "*:model:_quern_models";
      case COMMAND ->
          "1:command:("
              + commands.stream().map(CompletedCommand::name).collect(Collectors.joining(" "))
              + ")";
      case SHELL -> "1:shell:(" + String.join(" ", CompletionScript.shells()) + ")";
    };
  }

  /** What _arguments takes for itself, as plain letters. */
  private static String escaped(String text) {
    return text.replaceAll("([\\[\\]:\\\\])", "\\\\$1");
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
