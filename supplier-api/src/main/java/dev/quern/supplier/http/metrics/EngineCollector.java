package dev.quern.supplier.http.metrics;

import dev.quern.engine.generate.EngineSnapshot;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.supplier.http.encoder.ServedEncoder;
import dev.quern.supplier.http.encoder.ServedEncoders;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.generation.ServedModels;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Reads the engines' own counters when it is asked, so that nothing is counted twice. */
final class EngineCollector extends Collector {
  private final ServedModels models;
  private final ServedEncoders encoders;

  EngineCollector(ServedModels models, ServedEncoders encoders) {
    this.models = models;
    this.encoders = encoders;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    List<Reading> readings = new ArrayList<>();
    for (ServedModel model : models.models()) {
      readings.add(new Reading(model.metricsName(), model.engine().snapshot()));
    }
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(gauge(readings, "num_requests_running", "Requests in steps.", s -> s.running()));
    families.add(gauge(readings, "num_requests_waiting", "Requests queued.", s -> s.waiting()));
    families.add(
        gauge(
            readings,
            "kv_cache_usage_perc",
            "Share of KV blocks in use, 1 is all.",
            s -> s.kvBlocks() == 0 ? 0 : (double) s.kvBlocksUsed() / s.kvBlocks()));
    families.add(
        gauge(readings, "engine_healthy", "1 while the engine works.", s -> s.healthy() ? 1 : 0));
    families.add(
        counter(readings, "prompt_tokens", "Prompt tokens computed.", s -> s.promptTokens()));
    families.add(
        counter(readings, "generation_tokens", "Tokens sampled.", s -> s.generationTokens()));
    families.add(
        counter(
            readings,
            "prefix_cache_queries",
            "Prompt tokens looked up.",
            s -> s.prefixQueryTokens()));
    families.add(
        counter(readings, "prefix_cache_hits", "Prompt tokens found.", s -> s.prefixHitTokens()));
    families.add(counter(readings, "num_preemptions", "Requests set back.", s -> s.preemptions()));
    families.add(gauge(readings, "num_relays_running", "Relays in steps.", s -> s.relaysRunning()));
    families.add(gauge(readings, "num_relays_waiting", "Relays queued.", s -> s.relaysWaiting()));
    families.add(
        counter(
            readings,
            "num_relay_preemptions",
            "Relays set back, of all requests set back.",
            s -> s.relayPreemptions()));
    families.add(
        counter(
            readings,
            "num_relay_steps_abandoned",
            "Steps of relays alone given up for an own request.",
            s -> s.relayStepsAbandoned()));
    families.add(counter(readings, "engine_steps", "Steps run.", s -> s.steps()));
    families.add(
        counter(readings, "engine_failures", "Steps that failed.", s -> s.engineFailures()));
    families.add(memory());
    families.add(encoderQueues());
    families.add(encoderHealth());
    return families;
  }

  private record Reading(String model, EngineSnapshot snapshot) {}

  private MetricFamilySamples memory() {
    GaugeMetricFamily family =
        new GaugeMetricFamily(
            "quern:memory_bytes",
            "Bytes by holder; mapped bytes are file pages that the kernel may drop.",
            List.of("model_name", "tag", "kind"));
    models.models().forEach(model -> add(family, model.metricsName(), model.loaded()));
    encoders.all().forEach(model -> add(family, model.metricsName(), model.loaded()));
    return family;
  }

  private static void add(GaugeMetricFamily family, String name, LoadedModel model) {
    model
        .memory()
        .forEach(
            (tag, use) -> {
              family.addMetric(List.of(name, tag, "allocated"), (double) use.allocatedBytes());
              family.addMetric(List.of(name, tag, "mapped"), (double) use.mappedBytes());
            });
  }

  private MetricFamilySamples encoderQueues() {
    GaugeMetricFamily family =
        new GaugeMetricFamily(
            "quern:te_queue_size", "Tokenised texts that wait.", List.of("model_name"));
    for (ServedEncoder model : encoders.all()) {
      family.addMetric(List.of(model.metricsName()), model.engine().snapshot().waitingInputs());
    }
    return family;
  }

  private MetricFamilySamples encoderHealth() {
    GaugeMetricFamily family =
        new GaugeMetricFamily(
            "quern:te_engine_healthy", "1 while the engine works.", List.of("model_name"));
    for (ServedEncoder model : encoders.all()) {
      family.addMetric(List.of(model.metricsName()), model.engine().snapshot().healthy() ? 1 : 0);
    }
    return family;
  }

  private static MetricFamilySamples gauge(
      List<Reading> readings, String name, String help, ToDoubleFunction<EngineSnapshot> value) {
    GaugeMetricFamily family = new GaugeMetricFamily("quern:" + name, help, List.of("model_name"));
    readings.forEach(r -> family.addMetric(List.of(r.model()), value.applyAsDouble(r.snapshot())));
    return family;
  }

  private static MetricFamilySamples counter(
      List<Reading> readings, String name, String help, ToDoubleFunction<EngineSnapshot> value) {
    CounterMetricFamily family =
        new CounterMetricFamily("quern:" + name, help, List.of("model_name"));
    readings.forEach(r -> family.addMetric(List.of(r.model()), value.applyAsDouble(r.snapshot())));
    return family;
  }
}
