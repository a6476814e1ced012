package dev.quern.supplier.config;

import dev.quern.engine.generate.RelayShare;
import dev.quern.store.QuernException;
import dev.quern.supplier.relay.CanarySettings;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import dev.quern.supplier.relay.SessionSettings;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
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

  static final Setting<Double> RELAY_SHARE =
      Setting.of(
          "relay-share",
          ValueType.decimal(0.001, 1),
          "1",
          "most that relays take of `max-num-seqs` and of `max-num-batched-tokens`; the less, the"
              + " sooner an own request gets its turn");
  static final Setting<Integer> RELAY_MAX_WAITING =
      Setting.of(
          "relay-max-waiting",
          ValueType.integer(1, 1_000_000),
          "1024",
          "most relays waiting for a model; one more is answered 429");
  static final Setting<Integer> RELAY_CONCURRENCY =
      Setting.absent(
          "relay-concurrency",
          ValueType.integer(1, 1_000_000),
          "any number",
          "most relays of one application at a time; one more is answered 429");
  static final Setting<Integer> RELAY_DEADLINE =
      Setting.absent(
          "relay-deadline",
          ValueType.integer(1, 86_400),
          "none",
          "seconds after which a relay is cancelled");
  static final Setting<String> RELAY_HEIGHT_URL =
      Setting.absent(
          "relay-height-url",
          ValueType.text("URL", "an http or https address"),
          "none",
          "where a node tells the chain's height, such as `http://node:26657/status`; relays end"
              + " with their session");
  static final Setting<Double> RELAY_BLOCK_SECONDS =
      Setting.of(
          "relay-block-seconds",
          ValueType.decimal(0.1, 86_400),
          "60",
          "how long a block of the chain takes");

  static final Setting<Integer> CANARY_SECONDS =
      Setting.of(
          "canary-seconds",
          ValueType.integer(0, 86_400),
          "60",
          "seconds between two canaries: a fixed prompt whose greedy tokens must stay the same; 0"
              + " sends none");
  static final Setting<Integer> CANARY_LIMIT_SECONDS =
      Setting.of(
          "canary-limit-seconds",
          ValueType.integer(1, 3600),
          "60",
          "a canary that is answered later makes the server not ready");

  static final List<Setting<?>> ALL =
      List.of(
          RELAYS,
          RELAY_KEEP_ALIVE,
          CROP_MAX_TOKENS,
          RELAY_MAX_TOKENS,
          RELAY_MAX_PROMPT_TOKENS,
          RELAY_MAX_LOGPROBS,
          RELAY_SHARE,
          RELAY_MAX_WAITING,
          RELAY_CONCURRENCY,
          RELAY_DEADLINE,
          RELAY_HEIGHT_URL,
          RELAY_BLOCK_SECONDS,
          CANARY_SECONDS,
          CANARY_LIMIT_SECONDS);

  private RelayFlags() {}

  static RelaySettings read(SettingValues values) {
    return new RelaySettings(
        values.value(RELAYS).equals("keyless") ? RelayAccess.KEYLESS : RelayAccess.HEADER,
        (int) (1000 * values.value(RELAY_KEEP_ALIVE)),
        new RelayLimits(
            values.value(CROP_MAX_TOKENS),
            integer(values.optional(RELAY_MAX_TOKENS)),
            integer(values.optional(RELAY_MAX_PROMPT_TOKENS)),
            values.value(RELAY_MAX_LOGPROBS)),
        new RelayShare(values.value(RELAY_SHARE), values.value(RELAY_MAX_WAITING)),
        integer(values.optional(RELAY_CONCURRENCY)),
        integer(values.optional(RELAY_DEADLINE)),
        values.optional(RELAY_HEIGHT_URL).map(url -> sessions(url, values)),
        new CanarySettings(values.value(CANARY_SECONDS), values.value(CANARY_LIMIT_SECONDS)));
  }

  private static SessionSettings sessions(String url, SettingValues values) {
    try {
      return new SessionSettings(
          new URI(url), Duration.ofMillis((long) (1000 * values.value(RELAY_BLOCK_SECONDS))));
    } catch (URISyntaxException e) {
      throw QuernException.badRequest(
          RELAY_HEIGHT_URL.name(), RELAY_HEIGHT_URL.name() + " is no address: " + e.getReason());
    }
  }

  private static OptionalInt integer(Optional<Integer> value) {
    return value.stream().mapToInt(Integer::intValue).findAny();
  }
}
