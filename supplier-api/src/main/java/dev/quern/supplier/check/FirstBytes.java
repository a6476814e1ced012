package dev.quern.supplier.check;

import dev.quern.supplier.relay.SafeWords;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** How PATH judges a 2xx: by its first bytes (its package {@code qos/heuristic}). */
final class FirstBytes {
  static final int JUDGED = 512;

  private static final int ERROR_WITHIN = 50;

  private FirstBytes() {}

  /** Fails when the gateway would count the body against the supplier. */
  static void judge(byte[] body, String what) throws CheckFailure {
    String first = new String(body, 0, Math.min(JUDGED, body.length), StandardCharsets.UTF_8);
    String start = first.strip().toLowerCase(Locale.ROOT);
    CheckFailure.unless(!start.isEmpty(), what + " begins with nothing but white space");
    CheckFailure.unless(!start.startsWith("<"), what + " is HTML or XML");
    CheckFailure.unless(start.startsWith("{") || start.startsWith("["), what + " is no JSON");
    CheckFailure.unless(!start.equals("{}"), what + " is an empty object");
    CheckFailure.unless(
        !first.substring(0, Math.min(ERROR_WITHIN, first.length())).contains("\"error\""),
        what + " has \"error\" in its first " + ERROR_WITHIN + " bytes");
    CheckFailure.unless(
        SafeWords.safe(first),
        what + " has a word in its first " + JUDGED + " bytes that the gateway takes for a fault");
  }
}
