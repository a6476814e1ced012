package dev.quern.supplier.relay;

/** Which requests are relays, and whether those need an API key. */
public enum RelayAccess {
  /** Those with a {@code Pocket-*} header; they need a key when others do. */
  HEADER,

  /**
   * Those without an API key, too, and they need none: some miners and gateways pass on no header
   * of theirs. What bears an accepted key is the operator's own.
   */
  KEYLESS
}
