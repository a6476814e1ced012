package dev.quern.supplier.check;

import dev.quern.store.QuernException;
import java.net.URI;
import java.util.Optional;

/**
 * What is tested.
 *
 * @param base the {@code backend_url} that a miner would be configured with
 * @param model the public name that requests ask for
 * @param key a bearer token, when the miner is configured to send one
 * @param pocketHeaders whether the miner forwards {@code Pocket-*} headers; the HA miner always
 *     does
 */
public record CheckTarget(
    URI base, String model, Optional<String> key, boolean pocketHeaders, CheckTimes times) {
  /**
   * Reads a URL.
   *
   * @throws QuernException BAD_REQUEST unless it is one of http or https
   */
  public static URI url(String text) {
    try {
      URI uri = URI.create(text.replaceAll("/+$", ""));
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getQuery() == null) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw QuernException.badRequest(
        "url", "'" + text + "' is no URL of a server; give one such as http://127.0.0.1:8080");
  }

  @Override
  public String toString() {
    return base.toString();
  }
}
