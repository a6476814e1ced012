package dev.quern.supplier.relay;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Whether a relay may begin, and until when it is worth answering. Refusals are 4xx: gateways hold
 * a 5xx against a supplier. Safe for threads.
 */
public final class RelayAdmission {
  private final OptionalInt perApplication;
  private final OptionalInt secondsEach;
  private final SessionClock clock;

  /** Relays in hand by application; an application without any has no entry. */
  private final Map<String, Integer> running = new HashMap<>();

  /**
   * An admission.
   *
   * @param perApplication most relays of one application at a time
   * @param secondsEach how long a relay may take in all
   */
  public RelayAdmission(OptionalInt perApplication, OptionalInt secondsEach, SessionClock clock) {
    this.perApplication = perApplication;
    this.secondsEach = secondsEach;
    this.clock = clock;
  }

  /**
   * Counts a relay in; {@link #end} counts it out.
   *
   * @throws QuernException OVERLOADED when its application has too many; an {@link ApiException} of
   *     status 410 when its session is over
   */
  public void begin(Relay relay) {
    OptionalLong deadline = deadlineNanos(relay);
    if (deadline.isPresent() && deadline.getAsLong() - System.nanoTime() <= 0) {
      throw late();
    }
    String application = application(relay);
    synchronized (running) {
      int now = running.getOrDefault(application, 0);
      if (now >= perApplication.orElse(Integer.MAX_VALUE)) {
        throw new QuernException(
            ErrorCategory.OVERLOADED,
            "This application has " + now + " requests in hand already; wait for one of them.");
      }
      running.put(application, now + 1);
    }
  }

  /** The relay is over. */
  public void end(Relay relay) {
    synchronized (running) {
      running.computeIfPresent(application(relay), (name, now) -> now == 1 ? null : now - 1);
    }
  }

  /** The {@link System#nanoTime()} from which on nobody pays or waits for the answer. */
  public OptionalLong deadlineNanos(Relay relay) {
    OptionalLong session =
        relay.headers().sessionEndHeight().isPresent()
            ? clock.endOf(relay.headers().sessionEndHeight().getAsLong())
            : OptionalLong.empty();
    if (secondsEach.isEmpty()) {
      return session;
    }
    long own = relay.arrivedNanos() + TimeUnit.SECONDS.toNanos(secondsEach.getAsInt());
    return OptionalLong.of(
        session.isPresent() && session.getAsLong() - own < 0 ? session.getAsLong() : own);
  }

  /** What answers a relay whose time is over. */
  public static ApiException late() {
    return ApiException.refused(
        410, "relay_deadline", "The time in which this relay is worth an answer is over.");
  }

  private static String application(Relay relay) {
    return relay.headers().application().orElse("");
  }
}
