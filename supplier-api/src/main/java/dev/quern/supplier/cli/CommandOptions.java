package dev.quern.supplier.cli;

import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.Setting;
import dev.quern.supplier.config.ValueType;
import java.util.List;
import java.util.Optional;

/**
 * Flags of single commands. They concern one call, so unlike the settings of the table they have no
 * environment variable and no key in the YAML file.
 */
final class CommandOptions {
  static final Setting<Boolean> JSON = toggle("json", "print JSON");
  static final Setting<Double> TEMPERATURE =
      Setting.absent(
          "temperature",
          ValueType.decimal(0, 2),
          "0, greedy",
          "how freely tokens are chosen; 0 takes the most probable");
  static final Setting<Integer> MAX_TOKENS =
      Setting.absent(
          "max-tokens",
          ValueType.integer(1, 16_777_216),
          "what the context leaves",
          "most tokens of an answer");
  static final Setting<String> SYSTEM =
      Setting.absent(
          "system", ValueType.text("TEXT", "a text"), "none", "system message of the chat");
  static final Setting<Long> SEED =
      Setting.absent(
          "seed",
          ValueType.longInteger(Long.MIN_VALUE, Long.MAX_VALUE),
          "random",
          "makes sampling reproducible");

  static final Setting<String> INCLUDE =
      Setting.absent(
              "include",
              ValueType.text("GLOB", "a pattern of file names, such as '*.gguf'"),
              "what Quern needs",
              "pull files like this, whatever their format; repeatable")
          .repeated();
  static final Setting<String> EXCLUDE =
      Setting.absent(
              "exclude",
              ValueType.text("GLOB", "a pattern of file names, such as 'onnx/*'"),
              "none",
              "pull no files like this; repeatable")
          .repeated();
  static final Setting<Boolean> DRY_RUN = toggle("dry-run", "say what would be done, and stop");
  static final Setting<Boolean> YES = toggle("yes", "do not ask");
  static final Setting<Integer> CONTEXT =
      Setting.absent(
          "context",
          ValueType.integer(1, 16_777_216),
          "the model's",
          "tokens of each sequence, to tell the memory needed");
  static final Setting<Integer> BATCH =
      Setting.of(
          "batch",
          ValueType.integer(1, 65_536),
          "1",
          "sequences at a time, to tell the memory needed");
  static final Setting<Boolean> TEMPLATE =
      toggle("template", "print the chat template, nothing else");
  static final Setting<Boolean> DIGESTS =
      toggle("digests", "hash the files of a folder that nothing says the digests of");
  static final Setting<Integer> OLDER_THAN =
      Setting.of(
          "older-than",
          ValueType.integer(0, 100_000),
          "24",
          "hours since the last write after which something counts as left behind");

  private CommandOptions() {}

  static Setting<Boolean> toggle(String name, String doc) {
    return Setting.of(name, ValueType.flag(), "false", doc);
  }

  static boolean isOn(Setting<Boolean> toggle, Arguments arguments) {
    return value(toggle, arguments).orElse(false);
  }

  /** The value that the command line gives, checked. */
  static <T> Optional<T> value(Setting<T> option, Arguments arguments) {
    List<String> texts = arguments.flags().getOrDefault(option.name(), List.of());
    return texts.stream().findFirst().map(text -> option.read(text, option.flag()));
  }

  /** The values of a repeatable option, checked. */
  static <T> List<T> values(Setting<T> option, Arguments arguments) {
    return arguments.flags().getOrDefault(option.name(), List.of()).stream()
        .map(text -> option.read(text, option.flag()))
        .toList();
  }

  /** The value of an option that has a default. */
  static <T> T valueOrDefault(Setting<T> option, Arguments arguments) {
    return value(option, arguments)
        .orElseGet(() -> option.read(String.valueOf(option.defaultText()), option.flag()));
  }
}
