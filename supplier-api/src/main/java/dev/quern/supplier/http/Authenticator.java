package dev.quern.supplier.http;

import dev.quern.store.ErrorCategory;
import dev.quern.supplier.http.openai.ApiException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks bearer keys. Digests are compared, all of them each time, so that the time taken tells
 * nothing of a key's content or length.
 */
final class Authenticator {
  private static final String SCHEME = "bearer ";

  private final List<byte[]> digests;

  Authenticator(Set<String> keys) {
    this.digests = keys.stream().map(Authenticator::digest).toList();
  }

  /**
   * Checks an {@code Authorization} header.
   *
   * @throws ApiException 401 unless it bears an accepted key or none is needed
   */
  void check(@Nullable String authorization) {
    if (digests.isEmpty()) {
      return;
    }
    if (authorization == null
        || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw refused(
          "missing_api_key", "This server asks for a key: send 'Authorization: Bearer KEY'.");
    }
    byte[] presented = digest(authorization.substring(SCHEME.length()).strip());
    boolean accepted = false;
    for (byte[] digest : digests) {
      accepted |= MessageDigest.isEqual(digest, presented);
    }
    if (!accepted) {
      throw refused("invalid_api_key", "The key in 'Authorization' is not accepted here.");
    }
  }

  private static ApiException refused(String code, String message) {
    return new ApiException(401, code, ErrorCategory.BAD_REQUEST, null, message, null);
  }

  private static byte[] digest(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
