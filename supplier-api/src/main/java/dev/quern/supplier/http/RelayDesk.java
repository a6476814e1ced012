package dev.quern.supplier.http;

import dev.quern.store.QuernException;
import dev.quern.supplier.http.metrics.RelayMetrics;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.relay.HeightSource;
import dev.quern.supplier.relay.Relay;
import dev.quern.supplier.relay.RelayAdmission;
import dev.quern.supplier.relay.RelaySettings;
import dev.quern.supplier.relay.SessionClock;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a relay that takes the engine comes in: it is admitted or refused, counted, and ended when
 * its time is over. On the event loop.
 */
final class RelayDesk implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RelayDesk.class);

  /** Of no consequence without a source of heights. */
  private static final Duration ANY_BLOCK = Duration.ofMinutes(1);

  private final RelayAdmission admission;
  private final RelayMetrics metrics;
  private final Optional<HeightSource> heights;

  RelayDesk(RelaySettings settings, RelayMetrics metrics) {
    SessionClock clock =
        new SessionClock(settings.sessions().map(s -> s.block()).orElse(ANY_BLOCK));
    this.admission =
        new RelayAdmission(settings.perApplication(), settings.deadlineSeconds(), clock);
    this.metrics = metrics;
    this.heights =
        settings.sessions().map(s -> HeightSource.start(s.heightSource(), s.block(), clock));
  }

  /**
   * Takes a relay in.
   *
   * @throws QuernException 410 when its time is over, 429 when its application has too many
   */
  void begin(Exchange exchange, Relay relay) {
    metrics.began();
    exchange.whenOver(() -> end(exchange, relay));
    try {
      admission.begin(relay);
    } catch (ApiException late) {
      metrics.late(RelayMetrics.Late.ARRIVAL);
      throw late;
    }
    exchange.whenOver(() -> admission.end(relay));
    OptionalLong deadline = admission.deadlineNanos(relay);
    if (deadline.isPresent()) {
      long millis = Math.max(1, (deadline.getAsLong() - System.nanoTime()) / 1_000_000);
      long timer = exchange.context().owner().setTimer(millis, id -> expire(exchange));
      exchange.whenOver(() -> exchange.context().owner().cancelTimer(timer));
    }
  }

  private void expire(Exchange exchange) {
    if (!exchange.expire(RelayAdmission.late())) {
      metrics.late(RelayMetrics.Late.QUEUED);
    }
  }

  private void end(Exchange exchange, Relay relay) {
    int status = exchange.outcome();
    metrics.answered(relay, status);
    if (LOG.isDebugEnabled()) {
      LOG.debug(
          "relay {} {} {} in {} ms",
          exchange.request().path(),
          relay.headers(),
          status,
          (System.nanoTime() - relay.arrivedNanos()) / 1_000_000);
    }
  }

  @Override
  public void close() {
    heights.ifPresent(HeightSource::close);
  }
}
