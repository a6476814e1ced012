package dev.quern.store.hub;

import dev.quern.store.hub.HubException.Reason;
import java.net.URI;
import java.util.Locale;

/** Where a redirect may lead, and who may see the token. */
final class Redirects {
  /** More hops than any hub takes. */
  static final int MAX_HOPS = 8;

  private Redirects() {}

  static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  /**
   * The address that {@code location} means after {@code from}.
   *
   * @throws HubException UNSAFE_REDIRECT if it gives up encryption or is no web address
   */
  static URI next(URI from, String location) {
    URI to;
    try {
      to = from.resolve(URI.create(location));
    } catch (IllegalArgumentException e) {
      throw new HubException(
          Reason.UNSAFE_REDIRECT, from.getHost() + " redirects to what is no web address", e);
    }
    String scheme = String.valueOf(to.getScheme()).toLowerCase(Locale.ROOT);
    if (to.getHost() == null || !(scheme.equals("https") || scheme.equals("http"))) {
      throw new HubException(
          Reason.UNSAFE_REDIRECT, from.getHost() + " redirects to what is no web address");
    }
    if ("https".equalsIgnoreCase(from.getScheme()) && !scheme.equals("https")) {
      throw new HubException(
          Reason.UNSAFE_REDIRECT,
          from.getHost()
              + " redirects from https to http at "
              + to.getHost()
              + ", which is refused: anybody on the way could change the files. Check HF_ENDPOINT"
              + " and the network's proxy");
    }
    return to;
  }

  /** Whether both are the same scheme, host and port, so that a token for one suits the other. */
  static boolean sameOrigin(URI a, URI b) {
    return String.valueOf(a.getScheme()).equalsIgnoreCase(b.getScheme())
        && String.valueOf(a.getHost()).equalsIgnoreCase(b.getHost())
        && port(a) == port(b);
  }

  private static int port(URI uri) {
    if (uri.getPort() >= 0) {
      return uri.getPort();
    }
    return "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
  }
}
