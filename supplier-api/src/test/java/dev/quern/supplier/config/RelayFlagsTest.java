package dev.quern.supplier.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.generate.RelayShare;
import dev.quern.store.QuernException;
import dev.quern.supplier.relay.CanarySettings;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import dev.quern.supplier.relay.SessionSettings;
import java.net.URI;
import java.time.Duration;
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
            Map.ofEntries(
                Map.entry("relays", "keyless"),
                Map.entry("relay-keep-alive", "0.5"),
                Map.entry("crop-max-tokens", "true"),
                Map.entry("relay-max-tokens", "100"),
                Map.entry("relay-max-prompt-tokens", "200"),
                Map.entry("relay-max-logprobs", "-1"),
                Map.entry("default-model", "pocket_network"),
                Map.entry("canary-seconds", "5"),
                Map.entry("canary-limit-seconds", "7"),
                Map.entry("relay-share", "0.25"),
                Map.entry("relay-max-waiting", "7"),
                Map.entry("relay-concurrency", "3"),
                Map.entry("relay-deadline", "60"),
                Map.entry("relay-height-url", "http://node:26657/status"),
                Map.entry("relay-block-seconds", "30.5")));
    assertEquals(
        new RelaySettings(
            RelayAccess.KEYLESS,
            500,
            new RelayLimits(true, OptionalInt.of(100), OptionalInt.of(200), -1),
            new RelayShare(0.25, 7),
            OptionalInt.of(3),
            OptionalInt.of(60),
            Optional.of(
                new SessionSettings(
                    URI.create("http://node:26657/status"), Duration.ofMillis(30_500))),
            new CanarySettings(5, 7)),
        configuration.relays());
    assertEquals(Optional.of("pocket_network"), configuration.defaultModel());
  }

  @Test
  void aKeepAliveOfFiveSecondsIsRefused() {
    QuernException refused =
        assertThrows(QuernException.class, () -> resolve(Map.of("relay-keep-alive", "5")));
    assertTrue(refused.message().contains("4.9"), refused.message());
  }

  @Test
  void anAddressThatIsNoneIsRefused() {
    for (String url : List.of("ftp://node", "http://a b", "node")) {
      assertThrows(QuernException.class, () -> resolve(Map.of("relay-height-url", url)));
    }
  }

  private static QuernConfiguration resolve(Map<String, String> flags) {
    Map<String, List<String>> given = new LinkedHashMap<>();
    flags.forEach((name, value) -> given.put(name, List.of(value)));
    return QuernConfiguration.resolve(given, Map.of());
  }
}
