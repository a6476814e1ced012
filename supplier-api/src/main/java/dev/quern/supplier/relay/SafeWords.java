package dev.quern.supplier.relay;

import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import java.util.List;
import java.util.Locale;

/**
 * Errors as gateways should read them. PATH searches the first bytes of an answer for words that
 * tell of a broken backend (its package {@code qos/heuristic}); a refusal that quotes a caller's
 * own words must not be taken for one.
 */
public final class SafeWords {
  private static final int LONGEST = 240;
  private static final String PLAIN = "The request cannot be served as it was sent.";

  /** Lower-case pieces that PATH counts against an endpoint and a caller's text may hold. */
  private static final List<String> COUNTED =
      List.of(
          "access denied",
          "api key is not allowed",
          "authentication failed",
          "backend service",
          "bad gateway",
          "block has been pruned",
          "broken pipe",
          "certificate",
          "claimable portion",
          "connection refused",
          "connection reset",
          "dial tcp",
          "failed to call fallback",
          "forbidden",
          "fully indexed",
          "gateway timeout",
          "height is not available",
          "historical state",
          "internal server error",
          "invalid api key",
          "is pruned",
          "mdbx_panic",
          "missing trie node",
          "network is unreachable",
          "no route to host",
          "no such host",
          "node is behind",
          "node is unhealthy",
          "not authorized",
          "proto: ",
          "proxy error",
          "quota exceeded",
          "rate limit",
          "rate-limit",
          "ratelimit",
          "read tcp",
          "server closed",
          "service endpoint not handled",
          "service not configured",
          "service unavailable",
          "session relay limit",
          "state has been pruned",
          "state not available",
          "supplier",
          "throttl",
          "tls handshake",
          "too many request",
          "unauthorized",
          "unexpected eof",
          "upstream error",
          "write tcp");

  private SafeWords() {}

  /** The same error; where it quotes counted words, a plain message and no field instead. */
  public static QuernException of(QuernException error) {
    String field = error.field() == null || safe(error.field()) ? error.field() : null;
    String message = of(error.message());
    return error instanceof ApiException api
        ? new ApiException(api.status(), api.code(), api.category(), field, message, api.getCause())
        : new QuernException(error.category(), field, message, error.getCause());
  }

  /** A message cut to one short piece, or a plain one in its place if it holds counted words. */
  static String of(String message) {
    return safe(message)
        ? message.length() <= LONGEST ? message : message.substring(0, LONGEST) + "..."
        : PLAIN;
  }

  /** Whether no word of a text is counted. */
  public static boolean safe(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return COUNTED.stream().noneMatch(lower::contains);
  }
}
