package dev.quern.supplier.config;

import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A command line taken apart: the values given with each flag, by setting name, and the words that
 * are no flags.
 */
public record Arguments(Map<String, List<String>> flags, List<String> words) {
  public Arguments {
    flags = Map.copyOf(flags);
    words = List.copyOf(words);
  }

  /**
   * Takes a command line apart: {@code --name value}, {@code --name=value}, a switch as {@code
   * --name} alone; everything behind {@code --} is words.
   *
   * @param accepted the flags of this command
   * @throws QuernException BAD_REQUEST for an unknown flag, a missing value or a repetition
   */
  public static Arguments parse(List<String> line, List<Setting<?>> accepted) {
    Map<String, List<String>> flags = new LinkedHashMap<>();
    List<String> words = new ArrayList<>();
    for (int index = 0; index < line.size(); index++) {
      String word = line.get(index);
      if (word.equals("--")) {
        words.addAll(line.subList(index + 1, line.size()));
        break;
      }
      if (!word.startsWith("-") || word.equals("-")) {
        words.add(word);
        continue;
      }
      int equals = word.indexOf('=');
      String flag = equals < 0 ? word : word.substring(0, equals);
      Setting<?> setting = named(flag, accepted);
      String value;
      if (equals >= 0) {
        value = word.substring(equals + 1);
      } else if (setting.isSwitch()) {
        value = "true";
      } else if (index + 1 < line.size()) {
        value = line.get(++index);
      } else {
        throw QuernException.badRequest(
            setting.name(), flag + ": a value is missing; give " + setting.type().accepted());
      }
      List<String> values = flags.computeIfAbsent(setting.name(), name -> new ArrayList<>());
      values.add(value);
      if (values.size() > 1 && !setting.repeatable()) {
        throw QuernException.badRequest(setting.name(), flag + ": given twice; give it once");
      }
    }
    return new Arguments(flags, words);
  }

  private static Setting<?> named(String flag, List<Setting<?>> accepted) {
    for (Setting<?> setting : accepted) {
      if (setting.flag().equals(flag)) {
        return setting;
      }
    }
    Optional<String> meant =
        ValueType.nearest(flag, accepted.stream().<String>map(Setting::flag).toList());
    throw QuernException.badRequest(
        flag,
        Setting.shortened(flag)
            + ": no such flag here; "
            + meant
                .map(near -> "did you mean " + near + "?")
                .orElse("quern help lists the flags of each command"));
  }
}
