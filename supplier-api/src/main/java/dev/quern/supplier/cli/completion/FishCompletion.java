package dev.quern.supplier.cli.completion;

import dev.quern.supplier.config.Setting;
import java.util.List;
import java.util.stream.Collectors;

/** For fish 3 or later. */
final class FishCompletion {
  private static final String HEAD =
      """
      # Completion of quern for fish. Try it:  quern completion fish | source
      function __quern_models
          set -l cache $HF_HUB_CACHE
          if test -z "$cache" -a -n "$HF_HOME"
              set cache $HF_HOME/hub
          else if test -z "$cache" -a -n "$XDG_CACHE_HOME"
              set cache $XDG_CACHE_HOME/huggingface/hub
          else if test -z "$cache"
              set cache $HOME/.cache/huggingface/hub
          end
          echo demo
          for folder in $cache/models--*
              string replace -r '^.*/models--' '' -- $folder | string replace -- '--' '/'
          end
      end

      complete -c quern -f
      """;

  private FishCompletion() {}

  static String script(List<CompletedCommand> commands) {
    StringBuilder text = new StringBuilder(HEAD);
    for (CompletedCommand command : commands) {
      text.append("complete -c quern -n __fish_use_subcommand -a ")
          .append(command.name())
          .append(" -d ")
          .append(quoted(command.purpose()))
          .append('\n');
    }
    for (CompletedCommand command : commands) {
      String start = "complete -c quern -n '__fish_seen_subcommand_from " + command.name() + "' ";
      for (Setting<?> flag : command.flags()) {
        text.append(start).append(option(flag)).append('\n');
      }
      text.append(words(start, command, commands));
    }
    return text.toString();
  }

  private static String option(Setting<?> flag) {
    String value =
        flag.isSwitch()
            ? ""
            : switch (FlagValue.of(flag)) {
              case FlagValue.Choice(List<String> words) ->
                  " -x -a " + quoted(String.join(" ", words));
              case FlagValue.AnyFile _ -> " -r -F";
              case FlagValue.Folder _ -> " -x -a '(__fish_complete_directories)'";
              case FlagValue.Model _ -> " -x -a '(__quern_models)'";
              case FlagValue.Free _ -> " -x";
            };
    return "-l " + flag.name() + value + " -d " + quoted(flag.doc().replace("`", ""));
  }

  private static String words(
      String start, CompletedCommand command, List<CompletedCommand> commands) {
    return switch (command.argument()) {
      case NONE -> "";
      case MODEL -> start + "-a '(__quern_models; __fish_complete_directories)'\n";
      case COMMAND ->
          start
              + "-a "
              + quoted(
                  commands.stream().map(CompletedCommand::name).collect(Collectors.joining(" ")))
              + "\n";
      case SHELL -> start + "-a " + quoted(String.join(" ", CompletionScript.shells())) + "\n";
    };
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
