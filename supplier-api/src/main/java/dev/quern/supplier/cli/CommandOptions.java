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
}
