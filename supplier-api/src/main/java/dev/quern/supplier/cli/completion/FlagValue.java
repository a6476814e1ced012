package dev.quern.supplier.cli.completion;

import dev.quern.supplier.config.Setting;
import java.util.List;
import java.util.stream.Stream;

/** What a shell can offer after a flag. */
sealed interface FlagValue {
  /** One of a few words. */
  record Choice(List<String> words) implements FlagValue {}

  record AnyFile() implements FlagValue {}

  record Folder() implements FlagValue {}

  record Model() implements FlagValue {}

  /** Whatever; nothing is offered. */
  record Free() implements FlagValue {}

  static FlagValue of(Setting<?> flag) {
    String placeholder = flag.type().placeholder();
    return switch (placeholder) {
      case "FILE" -> new AnyFile();
      case "FOLDER" -> new Folder();
      case "MODEL" -> new Model();
      default ->
          placeholder.indexOf('|') < 0
              ? new Free()
              : new Choice(
                  Stream.of(placeholder.split("\\|", -1)).filter(FlagValue::isLiteral).toList());
    };
  }

  /** A word as it is typed, not one with a placeholder in it such as {@code cuda:N}. */
  private static boolean isLiteral(String word) {
    return word.chars().noneMatch(Character::isUpperCase);
  }
}
