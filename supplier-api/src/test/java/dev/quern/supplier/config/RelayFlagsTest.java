package dev.quern.supplier.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class RelayFlagsTest {
  @Test
  void nothingSetGivesTheDefaults() {
    QuernConfiguration configuration = resolve(Map.of());
    assertEquals(RelaySettings.defaults(), configuration.relays());
    assertEquals(Optional.empty(), configuration.defaultModel());
  }

  @Test
  void everyFlagIsRead() {
    QuernConfiguration configuration =
        resolve(
            Map.of(
                "relays", "keyless",
                "relay-keep-alive", "0.5",
                "crop-max-tokens", "true",
                "relay-max-tokens", "100",
                "relay-max-prompt-tokens", "200",
                "relay-max-logprobs", "-1",
                "default-model", "pocket_network"));
    assertEquals(
        new RelaySettings(
            RelayAccess.KEYLESS,
            500,
            new RelayLimits(true, OptionalInt.of(100), OptionalInt.of(200), -1)),
        configuration.relays());
    assertEquals(Optional.of("pocket_network"), configuration.defaultModel());
  }

  @Test
  void aKeepAliveOfFiveSecondsIsRefused() {
    QuernException refused =
        assertThrows(QuernException.class, () -> resolve(Map.of("relay-keep-alive", "5")));
    assertTrue(refused.message().contains("4.9"), refused.message());
  }

  private static QuernConfiguration resolve(Map<String, String> flags) {
    Map<String, List<String>> given = new LinkedHashMap<>();
    flags.forEach((name, value) -> given.put(name, List.of(value)));
    return QuernConfiguration.resolve(given, Map.of());
  }
}
