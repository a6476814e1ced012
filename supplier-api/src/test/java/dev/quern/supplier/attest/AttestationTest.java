package dev.quern.supplier.attest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys and signatures. */
class AttestationTest {
  private static final Statement STATEMENT =
      new Statement("pocket_network", "sha256:00", "1.0", "bf16", "none", 1_700_000_000);

  /** The first test vector of RFC 8032, section 7.1, wrapped in PKCS#8. */
  private static final String RFC_KEY =
      """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
      -----END PRIVATE KEY-----
      """;

  private static final String RFC_PUBLIC =
      "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

  @Test
  void aKeyIsReadAndItsPublicPartFound(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("key.pem"), RFC_KEY);
    assertEquals(RFC_PUBLIC, SigningKey.read(file).publicKeyText());
  }

  @Test
  void aMadeKeyIsItsOwnersAloneAndReadBack(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("key.pem");
    SigningKey made = SigningKey.generate(file);
    assertEquals(made.publicKeyText(), SigningKey.read(file).publicKeyText());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertThrows(QuernException.class, () -> SigningKey.generate(file));
  }

  @Test
  void whatIsNoKeyIsRefusedAndNotQuoted(@TempDir Path folder) throws IOException {
    for (String text :
        List.of("", "secret", RFC_KEY.replace("MC4C", "MC4D"), RFC_KEY.replace("K2Vw", "K2Vu"))) {
      Path file = Files.writeString(folder.resolve("key.pem"), text);
      QuernException refused =
          assertThrows(QuernException.class, () -> SigningKey.read(file), text);
      assertTrue(refused.message().contains("keygen"), refused.message());
      assertFalse(refused.message().contains("secret"), refused.message());
    }
    assertThrows(QuernException.class, () -> SigningKey.read(folder.resolve("absent")));
  }

  @Test
  void aSignatureHoldsUntilAnythingChanges(@TempDir Path folder) {
    SigningKey key = SigningKey.generate(folder.resolve("a.pem"));
    Attestation signed = Attestation.sign(STATEMENT, key);
    String json = new String(signed.toJson(), StandardCharsets.UTF_8);
    assertTrue(Attestation.read(json).signatureHolds());
    for (String member : List.of("sha256:00", "bf16", "\"1.0\"", "pocket_network", "1700000000")) {
      String changed =
          json.replace(member, member.replace('0', '1').replace('p', 'q').replace('b', 'f'));
      assertFalse(changed.equals(json), member);
      assertFalse(Attestation.read(changed).signatureHolds(), member);
    }
    SigningKey other = SigningKey.generate(folder.resolve("b.pem"));
    Attestation claimed =
        new Attestation(signed.statement(), other.publicKeyText(), signed.signature());
    assertFalse(claimed.signatureHolds());
  }

  @Test
  void whatIsNoAttestationIsRefused() {
    for (String text : List.of("", "[]", "{}", "{\"statement\":{},\"public_key\":\"\"}")) {
      assertThrows(QuernException.class, () -> Attestation.read(text), text);
    }
  }
}
