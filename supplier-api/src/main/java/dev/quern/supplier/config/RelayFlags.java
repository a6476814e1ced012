package dev.quern.supplier.config;

import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The settings of a supplier, and what they come to. */
final class RelayFlags {
  static final Setting<String> RELAYS =
      Setting.of(
          "relays",
          ValueType.choice("header", "keyless"),
          "header",
          "which requests are relays: those with a `Pocket-*` header, or also those without an API"
              + " key, which then need none");
  static final Setting<Double> RELAY_KEEP_ALIVE =
      Setting.of(
          "relay-keep-alive",
          ValueType.decimal(0.1, 4.9),
          "2",
          "seconds between white space sent while a relay's answer is made");

  static final Setting<Boolean> CROP_MAX_TOKENS =
      Setting.of(
          "crop-max-tokens",
          ValueType.flag(),
          "false",
          "give a relay that asks for too many tokens as many as there are, instead of a refusal");
  static final Setting<Integer> RELAY_MAX_TOKENS =
      Setting.absent(
          "relay-max-tokens",
          ValueType.integer(1, 16_777_216),
          "what the context leaves",
          "most tokens of a relay's answer");
  static final Setting<Integer> RELAY_MAX_PROMPT_TOKENS =
      Setting.absent(
          "relay-max-prompt-tokens",
          ValueType.integer(1, 16_777_216),
          "what the context holds",
          "most tokens of a relay's prompt");
  static final Setting<Integer> RELAY_MAX_LOGPROBS =
      Setting.of(
          "relay-max-logprobs",
          ValueType.integer(-1, RelayLimits.ALL_LOGPROBS),
          "20",
          "most alternatives with each token of a relay's answer; -1 refuses log-probabilities");

  static final List<Setting<?>> ALL =
      List.of(
          RELAYS,
          RELAY_KEEP_ALIVE,
          CROP_MAX_TOKENS,
          RELAY_MAX_TOKENS,
          RELAY_MAX_PROMPT_TOKENS,
          RELAY_MAX_LOGPROBS);

  private RelayFlags() {}

  static RelaySettings read(SettingValues values) {
    return new RelaySettings(
        values.value(RELAYS).equals("keyless") ? RelayAccess.KEYLESS : RelayAccess.HEADER,
        (int) (1000 * values.value(RELAY_KEEP_ALIVE)),
        new RelayLimits(
            values.value(CROP_MAX_TOKENS),
            integer(values.optional(RELAY_MAX_TOKENS)),
            integer(values.optional(RELAY_MAX_PROMPT_TOKENS)),
            values.value(RELAY_MAX_LOGPROBS)));
  }

  private static OptionalInt integer(Optional<Integer> value) {
    return value.stream().mapToInt(Integer::intValue).findAny();
  }
}
