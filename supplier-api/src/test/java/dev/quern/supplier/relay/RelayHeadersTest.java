package dev.quern.supplier.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RelayHeadersTest {
  @Test
  void readsWhatAMinerSends() {
    RelayHeaders headers =
        read(
            Map.of(
                "Pocket-Service", "text-generation",
                "Pocket-Application", "pokt1app",
                "Pocket-Session-End-Height", "1200"));
    assertTrue(headers.present());
    assertEquals("text-generation", headers.service().orElseThrow());
    assertEquals("pokt1app", headers.application().orElseThrow());
    assertEquals(OptionalLong.of(1200), headers.sessionEndHeight());
    assertTrue(headers.supplier().isEmpty());
  }

  @Test
  void nonsenseIsAbsent() {
    assertFalse(read(Map.of()).present());
    assertFalse(read(Map.of("Pocket-Session-End-Height", "soon")).present());
    assertFalse(read(Map.of("Pocket-Service", "x".repeat(300))).present());
    assertFalse(read(Map.of("Pocket-Service", " ")).present());
  }

  private static RelayHeaders read(Map<String, String> headers) {
    return RelayHeaders.read(name -> headers.get(name));
  }
}
