package dev.quern.supplier.http;

import dev.quern.supplier.relay.Relay;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.Set;

/** Tells the operator's own requests from relays, and turns away who has no right to ask. */
final class Callers {
  private final Authenticator authenticator;
  private final boolean hasKeys;
  private final RelayAccess relays;

  Callers(Set<String> keys, RelayAccess relays) {
    this.authenticator = new Authenticator(keys);
    this.hasKeys = !keys.isEmpty();
    this.relays = relays;
  }

  /**
   * Marks an exchange as a relay if it is one, and checks its key.
   *
   * @param openToRelays whether a relay may come without a key here
   * @throws dev.quern.supplier.http.openai.ApiException 401
   */
  void check(Exchange exchange, boolean openToRelays) {
    HttpServerRequest request = exchange.request();
    String authorization = request.getHeader("Authorization");
    RelayHeaders headers = RelayHeaders.read(request::getHeader);
    boolean keyless = relays == RelayAccess.KEYLESS && (authorization == null || !hasKeys);
    if (headers.present() || keyless) {
      exchange.becomes(new Relay(headers, System.nanoTime()));
    }
    if (!keyless || !openToRelays) {
      authenticator.check(authorization);
    }
  }
}
