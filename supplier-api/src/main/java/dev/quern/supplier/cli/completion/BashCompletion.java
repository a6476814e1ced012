package dev.quern.supplier.cli.completion;

import dev.quern.supplier.config.Setting;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** For bash 4 or later. */
final class BashCompletion {
  private static final String HEAD =
      """
      # Completion of quern for bash. Try it:  source <(quern completion bash)
      _quern_models() {
        local caches=${XDG_CACHE_HOME:-$HOME/.cache} folder
        echo demo
        for folder in "${HF_HUB_CACHE:-${HF_HOME:-$caches/huggingface}/hub}"/models--*; do
          [[ -d $folder ]] || continue
          folder=${folder##*/models--}
          echo "${folder/--//}"
        done
      }

      _quern() {
        local word=${COMP_WORDS[COMP_CWORD]} flags='' words=''
        COMPREPLY=()
        if ((COMP_CWORD == 1)); then
          mapfile -t COMPREPLY < <(compgen -W '@COMMANDS@' -- "$word")
          return
        fi
        case ${COMP_WORDS[COMP_CWORD - 1]} in
      @VALUES@
        esac
        case ${COMP_WORDS[1]} in
      @FLAGS@
        esac
        [[ $word == -* ]] && words=$flags
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
      }

      complete -o bashdefault -o default -F _quern quern
      """;

  private BashCompletion() {}

  static String script(List<CompletedCommand> commands) {
    return HEAD.replace("@COMMANDS@", names(commands))
        .replace("@VALUES@", values(commands))
        .replace("@FLAGS@", flags(commands));
  }

  private static String names(List<CompletedCommand> commands) {
    return commands.stream().map(CompletedCommand::name).collect(Collectors.joining(" "));
  }

  private static String values(List<CompletedCommand> commands) {
    Map<String, FlagValue> values = new LinkedHashMap<>();
    for (CompletedCommand command : commands) {
      for (Setting<?> flag : command.valued()) {
        values.put(flag.flag(), FlagValue.of(flag));
      }
    }
    return values.entrySet().stream()
        .map(value -> "    " + value.getKey() + ") " + offer(value.getValue()) + " return ;;")
        .collect(Collectors.joining("\n"));
  }

  private static String offer(FlagValue value) {
    return switch (value) {
      case FlagValue.Choice(List<String> words) ->
          offer("compgen -W '" + String.join(" ", words) + "' -- \"$word\"");
      case FlagValue.AnyFile _ -> offer("compgen -f -- \"$word\"");
      case FlagValue.Folder _ -> offer("compgen -d -- \"$word\"");
      case FlagValue.Model _ -> offer("compgen -W \"$(_quern_models)\" -- \"$word\"");
      case FlagValue.Free _ -> "";
    };
  }

  private static String offer(String source) {
    return "mapfile -t COMPREPLY < <(" + source + ");";
  }

  private static String flags(List<CompletedCommand> commands) {
    return commands.stream()
        .map(
            command ->
                "    "
                    + command.name()
                    + ") flags='"
                    + command.flags().stream().map(Setting::flag).collect(Collectors.joining(" "))
                    + "'"
                    + words(command, commands)
                    + " ;;")
        .collect(Collectors.joining("\n"));
  }

  private static String words(CompletedCommand command, List<CompletedCommand> commands) {
    return switch (command.argument()) {
      case NONE -> "";
      case MODEL -> " words=$(_quern_models)";
      case COMMAND -> " words='" + names(commands) + "'";
      case SHELL -> " words='" + String.join(" ", CompletionScript.shells()) + "'";
    };
  }
}
