package dev.quern.supplier.attest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.relay.PythonJson;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/**
 * A signed statement. What is signed is Python's {@code json.dumps(statement, sort_keys=True)} in
 * ASCII, so that a checker in any language can make the same bytes.
 *
 * @param statement as it was signed, with members that a later Quern may add
 * @param publicKey X.509 in base64
 */
public record Attestation(ObjectNode statement, String publicKey, byte[] signature) {
  private static final JsonMapper JSON = new JsonMapper();

  /** Signs. */
  static Attestation sign(Statement statement, SigningKey key) {
    ObjectNode json = statement.toJson();
    return new Attestation(json, key.publicKeyText(), key.sign(signedBytes(json)));
  }

  /**
   * Reads what {@link #toJson} writes; checks nothing.
   *
   * @throws QuernException BAD_REQUEST when it is none
   */
  public static Attestation read(String text) {
    try {
      JsonNode json = JSON.readTree(text);
      if (json.path("statement") instanceof ObjectNode statement
          && json.path("public_key").isTextual()
          && json.path("signature").isTextual()) {
        return new Attestation(
            statement,
            json.path("public_key").asText(),
            Base64.getDecoder().decode(json.path("signature").asText()));
      }
      throw noAttestation(null);
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw noAttestation(e);
    }
  }

  /** Whether the signature is that of the public key that comes with it. */
  public boolean signatureHolds() {
    try {
      PublicKey key =
          KeyFactory.getInstance(SigningKey.ALGORITHM)
              .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(publicKey)));
      Signature check = Signature.getInstance(SigningKey.ALGORITHM);
      check.initVerify(key);
      check.update(signedBytes(statement));
      return check.verify(signature);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false;
    }
  }

  /** A text of the statement, empty if it has none of that name. */
  public String stated(String member) {
    return statement.path(member).asText("");
  }

  /** {@code statement}, {@code algorithm}, {@code public_key} and {@code signature}. */
  public byte[] toJson() {
    ObjectNode json = JSON.createObjectNode();
    json.set("statement", statement);
    json.put("algorithm", SigningKey.ALGORITHM).put("public_key", publicKey);
    json.put("signature", Base64.getEncoder().encodeToString(signature));
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] signedBytes(ObjectNode statement) {
    return PythonJson.dumps(statement).getBytes(StandardCharsets.US_ASCII);
  }

  private static QuernException noAttestation(@org.jspecify.annotations.Nullable Exception cause) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        "this is no attestation: it needs an object 'statement', a 'public_key' and a 'signature'",
        cause);
  }
}
