package dev.quern.supplier.http;

/**
 * Bounds that hold for every server; tests tighten them.
 *
 * @param maxHeaderBytes of one request's head; more is answered 431
 * @param maxHeaderCount likewise
 * @param bodyStallMillis how long a body may pause before the request is given up
 * @param bodyMillis how long a body may take in all
 * @param idleConnectionMillis how long a connection may be open with no whole request head
 * @param bodiesInFlightBytes bodies received and not yet parsed, of all requests together
 * @param maxQueuedRequests requests that wait to be parsed and tokenised
 * @param maxUnsentChars of one stream's text that its client does not take in
 * @param stalledStreamMillis how long a stream's client may take in nothing at all
 */
record ServerLimits(
    int maxHeaderBytes,
    int maxHeaderCount,
    long bodyStallMillis,
    long bodyMillis,
    long idleConnectionMillis,
    long bodiesInFlightBytes,
    int maxQueuedRequests,
    int maxUnsentChars,
    long stalledStreamMillis) {

  static ServerLimits of(ServerSettings settings) {
    return new ServerLimits(
        32 * 1024,
        128,
        10_000,
        300_000,
        75_000,
        Math.max(64_000_000, 4 * settings.maxBodyBytes()),
        1024,
        256 * 1024,
        30_000);
  }
}
