package dev.quern.supplier.attest;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An operator's Ed25519 key (RFC 8032), as {@code openssl genpkey -algorithm ed25519} writes it:
 * PKCS#8 in PEM. The private part never leaves this object.
 */
public final class SigningKey {
  static final String ALGORITHM = "Ed25519";

  private static final Pattern PEM =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final int LONGEST_FILE = 64 << 10;

  private final PrivateKey privateKey;
  private final PublicKey publicKey;

  private SigningKey(PrivateKey privateKey, PublicKey publicKey) {
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /**
   * Reads a key.
   *
   * @throws QuernException BAD_REQUEST when the file holds none; the message never quotes the file
   */
  public static SigningKey read(Path file) {
    try {
      if (Files.size(file) > LONGEST_FILE) {
        throw refused(file, "is too long for a key", null);
      }
      Matcher pem = PEM.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
      if (!pem.find()) {
        throw refused(file, "holds no PRIVATE KEY in PEM", null);
      }
      byte[] encoded = Base64.getMimeDecoder().decode(pem.group(1));
      PrivateKey key =
          KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      return new SigningKey(key, publicKey(key));
    } catch (IOException e) {
      throw refused(file, "cannot be read", e);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw refused(file, "is no Ed25519 key in PKCS#8", e);
    }
  }

  /**
   * Makes a key and writes it to a new file that only its owner may read.
   *
   * @throws QuernException BAD_REQUEST when the file is there already or cannot be written
   */
  public static SigningKey generate(Path file) {
    try {
      KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
      String pem =
          "-----BEGIN PRIVATE KEY-----\n"
              + Base64.getMimeEncoder(64, new byte[] {'\n'})
                  .encodeToString(pair.getPrivate().getEncoded())
              + "\n-----END PRIVATE KEY-----\n";
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, pem, StandardOpenOption.WRITE);
      return new SigningKey(pair.getPrivate(), pair.getPublic());
    } catch (FileAlreadyExistsException e) {
      throw refused(file, "is there already; name a new file", e);
    } catch (IOException e) {
      throw refused(file, "cannot be written", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java 15 or later has Ed25519", e);
    }
  }

  /** The public part, X.509 in base64. */
  public String publicKeyText() {
    return Base64.getEncoder().encodeToString(publicKey.getEncoded());
  }

  PublicKey publicKey() {
    return publicKey;
  }

  byte[] sign(byte[] message) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(privateKey);
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Ed25519 signs any message", e);
    }
  }

  /**
   * The public key of a private one. Java has no call for it, but a generator makes a pair of 32
   * random bytes, which are the private key: it is given those.
   */
  private static PublicKey publicKey(PrivateKey key) throws GeneralSecurityException {
    if (!(key instanceof EdECPrivateKey edwards) || edwards.getBytes().isEmpty()) {
      throw new GeneralSecurityException("not an Ed25519 key with its bytes");
    }
    byte[] seed = edwards.getBytes().get();
    KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
    generator.initialize(NamedParameterSpec.ED25519, new Seed(seed));
    KeyPair pair = generator.generateKeyPair();
    if (!java.security.MessageDigest.isEqual(pair.getPrivate().getEncoded(), key.getEncoded())) {
      throw new GeneralSecurityException("this Java cannot derive the public key");
    }
    return pair.getPublic();
  }

  /** Hands out given bytes. */
  private static final class Seed extends SecureRandom {
    private static final long serialVersionUID = 1L;

    private final byte[] bytes;

    Seed(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public void nextBytes(byte[] target) {
      System.arraycopy(bytes, 0, target, 0, Math.min(bytes.length, target.length));
    }
  }

  private static QuernException refused(
      Path file, String what, @org.jspecify.annotations.Nullable Exception cause) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        "sign-key-file",
        "sign-key-file "
            + file
            + ": "
            + what
            + "; 'quern attest keygen FILE' makes one, as does 'openssl genpkey -algorithm"
            + " ed25519'",
        cause);
  }
}
