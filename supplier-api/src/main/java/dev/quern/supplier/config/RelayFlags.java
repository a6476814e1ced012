package dev.quern.supplier.config;

import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelaySettings;
import java.util.List;

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

  static final List<Setting<?>> ALL = List.of(RELAYS, RELAY_KEEP_ALIVE);

  private RelayFlags() {}

  static RelaySettings read(SettingValues values) {
    return new RelaySettings(
        values.value(RELAYS).equals("keyless") ? RelayAccess.KEYLESS : RelayAccess.HEADER,
        (int) (1000 * values.value(RELAY_KEEP_ALIVE)));
  }
}
