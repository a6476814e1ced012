package dev.quern.supplier.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.supplier.attest.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of a supplier's settings is one that the server takes. */
class PocketExampleTest {
  private static final Path EXAMPLE = Path.of("..", "docs", "pocket", "quern.yaml");

  @Test
  void theExampleIsTaken(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("keys"), "own-key\n");
    SigningKey.generate(folder.resolve("sign.pem"));
    Path file =
        Files.writeString(
            folder.resolve("quern.yaml"),
            Files.readString(EXAMPLE).replace("/etc/quern", folder.toString()));
    QuernConfiguration configuration =
        QuernConfiguration.resolve(Map.of("config", List.of(file.toString())), Map.of());
    assertEquals("pocket_network", configuration.defaultModel().orElseThrow());
    assertTrue(configuration.signingKey().isPresent());
    assertTrue(configuration.relays().limits().cropMaxTokens());
  }
}
