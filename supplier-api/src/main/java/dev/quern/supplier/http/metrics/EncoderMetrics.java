package dev.quern.supplier.http.metrics;

import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.model.EncoderTask;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.encoder.EncoderObserver;
import dev.quern.supplier.http.encoder.EncoderPlan;
import dev.quern.supplier.http.encoder.ServedEncoder;
import dev.quern.supplier.http.encoder.ServedEncoders;
import dev.quern.supplier.http.openai.ApiException;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;

/** Requests to encoders and their passes, under TEI's names after the prefix {@code quern:}. */
final class EncoderMetrics implements EncoderObserver {
  private static final double NANOS = 1e-9;
  private static final double[] SECONDS = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    30, 60
  };
  private static final double[] TOKENS = {
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768
  };

  private final Counter requests;
  private final Counter successes;
  private final Counter failures;
  private final Counter embedded;
  private final Counter predicted;
  private final Histogram duration;
  private final Histogram tokenization;
  private final Histogram queue;
  private final Histogram inference;
  private final Histogram inputLength;

  EncoderMetrics(CollectorRegistry registry, ServedEncoders models) {
    requests =
        counter("request_count", "Requests that went to a model.", "method").register(registry);
    successes =
        counter("request_success", "Requests that were answered.", "method").register(registry);
    failures =
        counter("request_failure", "Requests that were refused or failed.", "err")
            .register(registry);
    embedded =
        Counter.build("quern:te_embed_success", "Texts embedded.")
            .labelNames("model_name")
            .register(registry);
    predicted =
        Counter.build("quern:te_predict_success", "Texts or pairs scored.")
            .labelNames("model_name")
            .register(registry);
    duration = histogram("request_duration", "Seconds from arrival to result.", SECONDS, registry);
    tokenization =
        histogram("request_tokenization_duration", "Seconds of tokenising.", SECONDS, registry);
    queue =
        histogram("request_queue_duration", "Seconds from tokens to a pass.", SECONDS, registry);
    inference = histogram("request_inference_duration", "Seconds in passes.", SECONDS, registry);
    inputLength = histogram("request_input_length", "Tokens of a text.", TOKENS, registry);
    Histogram batchSize = histogram("batch_next_size", "Texts of a pass.", TOKENS, registry);
    Histogram batchTokens = histogram("batch_next_tokens", "Tokens of a pass.", TOKENS, registry);
    Counter passSeconds =
        Counter.build("quern:te_inference_seconds", "Time of the device's thread in passes.")
            .labelNames("model_name")
            .register(registry);
    for (ServedEncoder model : models.all()) {
      Histogram.Child size = batchSize.labels(model.metricsName());
      Histogram.Child tokens = batchTokens.labels(model.metricsName());
      Counter.Child seconds = passSeconds.labels(model.metricsName());
      model
          .engine()
          .addPassListener(
              (passInputs, passTokens, nanos) -> {
                size.observe(passInputs);
                tokens.observe(passTokens);
                seconds.inc(nanos * NANOS);
              });
    }
  }

  @Override
  public void began(EncoderPlan plan) {
    requests.labels(plan.model().metricsName(), method(plan)).inc();
  }

  @Override
  public void finished(EncoderPlan plan, EncodingResult result) {
    String model = plan.model().metricsName();
    successes.labels(model, method(plan)).inc();
    boolean embeds = plan.model().description().task() == EncoderTask.EMBEDDING;
    (embeds ? embedded : predicted).labels(model).inc(result.rows().length);
    duration.labels(model).observe(result.times().total() * NANOS);
    tokenization.labels(model).observe(result.times().tokenising() * NANOS);
    queue.labels(model).observe(result.times().queued() * NANOS);
    inference.labels(model).observe(result.times().inference() * NANOS);
    Histogram.Child lengths = inputLength.labels(model);
    for (int tokens : result.tokens()) {
      lengths.observe(tokens);
    }
  }

  @Override
  public void failed(String model, QuernException error) {
    failures.labels(model, kind(error)).inc();
  }

  @Override
  public void cancelled(String model) {
    failures.labels(model, "cancelled").inc();
  }

  private static String method(EncoderPlan plan) {
    return plan.single() ? "single" : "batch";
  }

  private static String kind(QuernException error) {
    if (error instanceof ApiException api) {
      return api.code();
    }
    return switch (error.category()) {
      case BAD_REQUEST, NOT_FOUND -> "validation";
      case OVERLOADED -> "overloaded";
      case OUT_OF_MEMORY, UNAVAILABLE, INTERNAL -> "inference";
    };
  }

  private static Counter.Builder counter(String name, String help, String label) {
    return Counter.build("quern:te_" + name, help).labelNames("model_name", label);
  }

  private static Histogram histogram(
      String name, String help, double[] buckets, CollectorRegistry registry) {
    return Histogram.build("quern:te_" + name, help)
        .labelNames("model_name")
        .buckets(buckets)
        .register(registry);
  }
}
