package dev.quern.store.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Hash functions that every Java has. */
public final class Hashes {
  private Hashes() {}

  public static MessageDigest sha256() {
    return of("SHA-256");
  }

  /** The hash by which a hub knows a file of {@code size} bytes, ready for the first of them. */
  public static MessageDigest start(ContentDigest.Algorithm algorithm, long size) {
    return switch (algorithm) {
      case SHA256 -> sha256();
      case GIT_SHA1 -> {
        MessageDigest sha1 = of("SHA-1");
        sha1.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
        yield sha1;
      }
    };
  }

  private static MessageDigest of(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no " + name, e);
    }
  }
}
