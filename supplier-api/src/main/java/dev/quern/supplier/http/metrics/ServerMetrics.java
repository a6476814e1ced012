package dev.quern.supplier.http.metrics;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.StepListener;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.encoder.EncoderObserver;
import dev.quern.supplier.http.encoder.ServedEncoders;
import dev.quern.supplier.http.generation.GenerationObserver;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.generation.ServedModels;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Locale;

/** Every metric of one server. */
public final class ServerMetrics implements GenerationObserver {
  /** The content type of {@link #text}. */
  public static final String CONTENT_TYPE = TextFormat.CONTENT_TYPE_004;

  private static final double NANOS = 1e-9;
  private static final double[] LATENCY = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 640
  };
  private static final double[] TOKENS = {
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000
  };
  private static final double[] STEP_TOKENS = {
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384
  };

  private final CollectorRegistry registry = new CollectorRegistry();
  private final Counter success;
  private final Histogram timeToFirstToken;
  private final Histogram interTokenLatency;
  private final Histogram timePerOutputToken;
  private final Histogram endToEnd;
  private final Histogram queueTime;
  private final Histogram prefillTime;
  private final Histogram decodeTime;
  private final Histogram promptTokens;
  private final Histogram generationTokens;
  private final Histogram iterationTokens;
  private final Counter stepSeconds;
  private final Counter httpRequests;
  private final Histogram httpDuration;
  private final EncoderMetrics encoders;
  private final RelayMetrics relays;

  public ServerMetrics(ServedModels models, ServedEncoders servedEncoders, ModelCatalog catalog) {
    success =
        Counter.build("quern:request_success_total", "Requests that were finished.")
            .labelNames("model_name", "finished_reason")
            .register(registry);
    timeToFirstToken = histogram("time_to_first_token_seconds", "Arrival to first token.");
    interTokenLatency = histogram("inter_token_latency_seconds", "Between two tokens.");
    timePerOutputToken =
        histogram("request_time_per_output_token_seconds", "A request's mean time per token.");
    endToEnd = histogram("e2e_request_latency_seconds", "Arrival to last token.");
    queueTime = histogram("request_queue_time_seconds", "Arrival to first step.");
    prefillTime = histogram("request_prefill_time_seconds", "First step to first token.");
    decodeTime = histogram("request_decode_time_seconds", "First token to last token.");
    promptTokens = histogram("request_prompt_tokens", "Tokens of a prompt.", TOKENS);
    generationTokens = histogram("request_generation_tokens", "Tokens of an output.", TOKENS);
    iterationTokens = histogram("iteration_tokens_total", "Tokens of a step.", STEP_TOKENS);
    stepSeconds =
        Counter.build("quern:step_seconds_total", "Time of the device's thread in steps, by phase.")
            .labelNames("model_name", "phase")
            .register(registry);
    httpRequests =
        Counter.build("quern:http_requests_total", "HTTP requests answered.")
            .labelNames("handler", "method", "status")
            .register(registry);
    httpDuration =
        Histogram.build("quern:http_request_duration_seconds", "Request head to answer's end.")
            .labelNames("handler", "method")
            .buckets(LATENCY)
            .register(registry);
    encoders = new EncoderMetrics(registry, servedEncoders);
    new EngineCollector(models, servedEncoders).register(registry);
    new DeviceCollector(catalog).register(registry);
    relays = new RelayMetrics(registry, LATENCY);
    new ProcessCollector().register(registry);
    for (ServedModel model : models.models()) {
      model.engine().addStepListener(stepListener(model.metricsName()));
    }
  }

  /** What counts requests to encoders. */
  public EncoderObserver encoders() {
    return encoders;
  }

  @Override
  public void tokenGap(String model, double seconds) {
    interTokenLatency.labels(model).observe(seconds);
  }

  @Override
  public void finished(String model, FinishReason reason, GenerationStats stats) {
    success.labels(model, finishedReason(reason)).inc();
    promptTokens.labels(model).observe(stats.promptTokens());
    generationTokens.labels(model).observe(stats.generatedTokens());
    endToEnd.labels(model).observe((stats.finishedNanos() - stats.arrivedNanos()) * NANOS);
    // A request that was cancelled while it waited was never scheduled; its times are unset.
    if (stats.generatedTokens() == 0) {
      return;
    }
    queueTime.labels(model).observe((stats.scheduledNanos() - stats.arrivedNanos()) * NANOS);
    prefillTime.labels(model).observe((stats.firstTokenNanos() - stats.scheduledNanos()) * NANOS);
    timeToFirstToken
        .labels(model)
        .observe((stats.firstTokenNanos() - stats.arrivedNanos()) * NANOS);
    double decode = (stats.finishedNanos() - stats.firstTokenNanos()) * NANOS;
    decodeTime.labels(model).observe(decode);
    if (stats.generatedTokens() > 1) {
      timePerOutputToken.labels(model).observe(decode / (stats.generatedTokens() - 1));
    }
  }

  /** What of them is about relays. */
  public RelayMetrics relays() {
    return relays;
  }

  /**
   * An answered HTTP request.
   *
   * @param handler the route, not the path: its number of values is bounded
   */
  public void answered(String handler, String method, int status, long nanos) {
    httpRequests.labels(handler, method, Integer.toString(status)).inc();
    httpDuration.labels(handler, method).observe(nanos * NANOS);
  }

  /** The whole exposition, in Prometheus' text format 0.0.4. */
  public String text() {
    StringWriter out = new StringWriter();
    try {
      TextFormat.write004(out, registry.metricFamilySamples());
    } catch (IOException e) {
      throw new UncheckedIOException("a writer in memory failed", e);
    }
    return out.toString();
  }

  /** The phases are those of {@link StepListener.StepReport}. */
  private StepListener stepListener(String model) {
    Histogram.Child tokens = iterationTokens.labels(model);
    Counter.Child schedule = stepSeconds.labels(model, "schedule");
    Counter.Child run = stepSeconds.labels(model, "run");
    Counter.Child sample = stepSeconds.labels(model, "sample");
    Counter.Child publish = stepSeconds.labels(model, "publish");
    return report -> {
      tokens.observe(report.tokens());
      schedule.inc(report.scheduleNanos() * NANOS);
      run.inc(report.runNanos() * NANOS);
      sample.inc(report.sampleNanos() * NANOS);
      publish.inc(report.publishNanos() * NANOS);
    };
  }

  private static String finishedReason(FinishReason reason) {
    return reason == FinishReason.CANCELLED ? "abort" : reason.name().toLowerCase(Locale.ROOT);
  }

  private Histogram histogram(String name, String help) {
    return histogram(name, help, LATENCY);
  }

  private Histogram histogram(String name, String help, double[] buckets) {
    return Histogram.build("quern:" + name, help)
        .labelNames("model_name")
        .buckets(buckets)
        .register(registry);
  }
}
