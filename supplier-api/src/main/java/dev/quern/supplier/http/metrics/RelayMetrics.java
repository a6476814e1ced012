package dev.quern.supplier.http.metrics;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.supplier.http.generation.GenerationObserver;
import dev.quern.supplier.relay.BoundedLabels;
import dev.quern.supplier.relay.Relay;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** What was served to whom through the network, and how the operator's own traffic fared beside. */
public final class RelayMetrics {
  private static final int MOST_SERVICES = 32;
  private static final int MOST_APPLICATIONS = 256;
  private static final double NANOS = 1e-9;

  /** When a relay's time was found to be over. */
  public enum Late {
    ARRIVAL,
    QUEUED,
    RUNNING;

    private final String label = name().toLowerCase(java.util.Locale.ROOT);
  }

  private final BoundedLabels services = new BoundedLabels(MOST_SERVICES);
  private final BoundedLabels applications = new BoundedLabels(MOST_APPLICATIONS);
  private final CollectorRegistry registry;
  private final Counter requests;
  private final Counter tokens;
  private final Histogram duration;
  private final Counter late;
  private final Gauge inHand;
  private final Histogram timeToFirstToken;

  RelayMetrics(CollectorRegistry registry, double[] latencies) {
    this.registry = registry;
    requests =
        Counter.build("quern:relay_requests_total", "Relays answered.")
            .labelNames("service", "application", "status")
            .register(registry);
    tokens =
        Counter.build("quern:relay_tokens_total", "Tokens of relays: prompt and generation.")
            .labelNames("service", "application", "kind")
            .register(registry);
    duration =
        Histogram.build("quern:relay_duration_seconds", "A relay's head to its answer's end.")
            .labelNames("service")
            .buckets(latencies)
            .register(registry);
    late =
        Counter.build(
                "quern:relays_late_total", "Relays refused or cancelled: their time was over.")
            .labelNames("phase")
            .register(registry);
    for (Late phase : Late.values()) {
      late.labels(phase.label);
    }
    inHand = Gauge.build("quern:relays_in_hand", "Relays being answered.").register(registry);
    timeToFirstToken =
        Histogram.build(
                "quern:traffic_time_to_first_token_seconds",
                "Arrival to first token, by class of traffic: own or relay.")
            .labelNames("model_name", "traffic")
            .buckets(latencies)
            .register(registry);
  }

  /** What tells whether the server is ready. */
  public void ready(BooleanSupplier ready) {
    Gauge.build("quern:ready", "1 while the server is ready: health, models and canaries.")
        .create()
        .setChild(
            new Gauge.Child() {
              @Override
              public double get() {
                return ready.getAsBoolean() ? 1 : 0;
              }
            })
        .register(registry);
  }

  /** A relay has begun. */
  public void began() {
    inHand.inc();
  }

  /**
   * A relay that began has its answer or has lost its client.
   *
   * @param status of the answer, or of a failure that its early head came before
   */
  public void answered(Relay relay, int status) {
    inHand.dec();
    requests.labels(service(relay), application(relay), Integer.toString(status)).inc();
    duration.labels(service(relay)).observe((System.nanoTime() - relay.arrivedNanos()) * NANOS);
  }

  public void late(Late phase) {
    late.labels(phase.label).inc();
  }

  /** Hears of one request's work, and tells {@code all}, too. */
  public GenerationObserver observer(Optional<Relay> relay, GenerationObserver all) {
    String traffic = relay.isPresent() ? "relay" : "own";
    return new GenerationObserver() {
      @Override
      public void tokenGap(String model, double seconds) {
        all.tokenGap(model, seconds);
      }

      @Override
      public void finished(String model, FinishReason reason, GenerationStats stats) {
        all.finished(model, reason, stats);
        if (stats.generatedTokens() > 0) {
          timeToFirstToken
              .labels(model, traffic)
              .observe((stats.firstTokenNanos() - stats.arrivedNanos()) * NANOS);
        }
        relay.ifPresent(from -> count(from, stats));
      }
    };
  }

  /** A relay's texts were embedded, scored or labelled. */
  public void encoded(Relay relay, int textTokens) {
    tokens.labels(service(relay), application(relay), "prompt").inc(textTokens);
  }

  private void count(Relay relay, GenerationStats stats) {
    tokens.labels(service(relay), application(relay), "prompt").inc(stats.promptTokens());
    tokens.labels(service(relay), application(relay), "generation").inc(stats.generatedTokens());
  }

  private String service(Relay relay) {
    return services.of(relay.headers().service());
  }

  private String application(Relay relay) {
    return applications.of(relay.headers().application());
  }
}
