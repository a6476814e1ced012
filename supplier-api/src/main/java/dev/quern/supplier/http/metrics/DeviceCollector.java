package dev.quern.supplier.http.metrics;

import dev.quern.engine.device.Recoveries;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelDevice;
import dev.quern.supplier.ModelCatalog;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import io.prometheus.client.SummaryMetricFamily;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/** The GPUs that models run on. Without one there are no series, not zeros. */
final class DeviceCollector extends Collector {
  private final ModelCatalog catalog;

  DeviceCollector(ModelCatalog catalog) {
    this.catalog = catalog;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    Collection<ModelDevice> devices = devices();
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(heldBytes(devices));
    families.add(passes(devices));
    families.add(recoveries(devices));
    families.addAll(gauges(devices));
    return families;
  }

  /** Each once, by name. */
  private Collection<ModelDevice> devices() {
    TreeMap<String, ModelDevice> devices = new TreeMap<>();
    for (LoadedModel model : catalog.models()) {
      devices.put(model.device().name(), model.device());
    }
    return devices.values();
  }

  private static MetricFamilySamples heldBytes(Collection<ModelDevice> devices) {
    GaugeMetricFamily family =
        new GaugeMetricFamily(
            "quern:gpu_memory_held_bytes",
            "Bytes of a GPU that this process holds, by what for.",
            List.of("device", "tag"));
    for (ModelDevice device : devices) {
      device
          .heldBytes()
          .forEach(
              (tag, bytes) -> family.addMetric(List.of(device.name(), tag), bytes.doubleValue()));
    }
    return family;
  }

  private static MetricFamilySamples passes(Collection<ModelDevice> devices) {
    CounterMetricFamily family =
        new CounterMetricFamily(
            "quern:gpu_passes",
            "Passes of language models on a GPU: by kernels, recorded as a graph, or replayed.",
            List.of("device", "queued"));
    for (ModelDevice device : devices) {
      device
          .passes()
          .forEach(
              (way, count) -> family.addMetric(List.of(device.name(), way), count.doubleValue()));
    }
    return family;
  }

  private static MetricFamilySamples recoveries(Collection<ModelDevice> devices) {
    SummaryMetricFamily family =
        new SummaryMetricFamily(
            "quern:gpu_recovery_seconds",
            "From the fault of a GPU until it served again, its models loaded anew.",
            List.of("device"));
    for (ModelDevice device : devices) {
      Recoveries recoveries = device.recoveries();
      if (!device.passes().isEmpty() || recoveries.count() > 0) {
        family.addMetric(List.of(device.name()), (double) recoveries.count(), recoveries.seconds());
      }
    }
    return family;
  }

  private static List<MetricFamilySamples> gauges(Collection<ModelDevice> devices) {
    GaugeMetricFamily used = gauge("memory_used_bytes", "Memory of a GPU that all processes hold.");
    GaugeMetricFamily free = gauge("memory_free_bytes", "Memory of a GPU that nobody holds.");
    GaugeMetricFamily busy = gauge("utilization_perc", "Share of time a kernel ran, 1 is all.");
    GaugeMetricFamily power = gauge("power_watts", "Power of a GPU's board.");
    GaugeMetricFamily temperature = gauge("temperature_celsius", "Temperature of a GPU's chip.");
    for (ModelDevice device : devices) {
      List<String> labels = List.of(device.name());
      device
          .reading()
          .ifPresent(
              reading -> {
                reading.usedBytes().ifPresent(bytes -> used.addMetric(labels, (double) bytes));
                reading.freeBytes().ifPresent(bytes -> free.addMetric(labels, (double) bytes));
                reading
                    .utilizationPercent()
                    .ifPresent(percent -> busy.addMetric(labels, percent / 100.0));
                reading.watts().ifPresent(watts -> power.addMetric(labels, watts));
                reading.celsius().ifPresent(celsius -> temperature.addMetric(labels, celsius));
              });
    }
    return List.of(used, free, busy, power, temperature);
  }

  private static GaugeMetricFamily gauge(String name, String help) {
    return new GaugeMetricFamily("quern:gpu_" + name, help, List.of("device"));
  }
}
