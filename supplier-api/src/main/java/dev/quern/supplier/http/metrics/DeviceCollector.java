package dev.quern.supplier.http.metrics;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelDevice;
import dev.quern.supplier.ModelCatalog;
import io.prometheus.client.Collector;
import io.prometheus.client.GaugeMetricFamily;
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
    return List.of(heldBytes(devices()));
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
}
