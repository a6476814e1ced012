package dev.quern.supplier.http.metrics;

import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The process and its JVM, under the names that Prometheus' clients use. */
final class ProcessCollector extends Collector {
  private static final Path STATUS = Path.of("/proc/self/status");

  @Override
  public List<MetricFamilySamples> collect() {
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(
        new CounterMetricFamily("process_cpu_seconds", "CPU time of the process.", cpuSeconds()));
    families.add(
        new GaugeMetricFamily(
            "process_start_time_seconds",
            "Start, in Unix time.",
            ManagementFactory.getRuntimeMXBean().getStartTime() / 1000.0));
    residentBytes(families);
    heap(families);
    families.add(directBuffers());
    families.add(
        new GaugeMetricFamily(
            "jvm_threads_current",
            "Live threads.",
            ManagementFactory.getThreadMXBean().getThreadCount()));
    families.add(collections());
    return families;
  }

  private static double cpuSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  private static void residentBytes(List<MetricFamilySamples> families) {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("VmRSS:")) {
          double kibibytes = Double.parseDouble(line.replaceAll("[^0-9]", ""));
          families.add(
              new GaugeMetricFamily(
                  "process_resident_memory_bytes", "Resident memory.", kibibytes * 1024));
        }
      }
    } catch (IOException | NumberFormatException e) {
      // Without /proc the figure is left out, as other clients do.
    }
  }

  private static void heap(List<MetricFamilySamples> families) {
    GaugeMetricFamily used =
        new GaugeMetricFamily("jvm_memory_bytes_used", "Used by area.", List.of("area"));
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    MemoryUsage other = ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage();
    used.addMetric(List.of("heap"), (double) heap.getUsed());
    used.addMetric(List.of("nonheap"), (double) other.getUsed());
    families.add(used);
    GaugeMetricFamily most =
        new GaugeMetricFamily("jvm_memory_bytes_max", "Bound by area.", List.of("area"));
    most.addMetric(List.of("heap"), (double) heap.getMax());
    families.add(most);
  }

  private static MetricFamilySamples directBuffers() {
    GaugeMetricFamily used =
        new GaugeMetricFamily("jvm_buffer_pool_used_bytes", "Off-heap buffers.", List.of("pool"));
    for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
      used.addMetric(List.of(pool.getName()), (double) pool.getMemoryUsed());
    }
    return used;
  }

  private static MetricFamilySamples collections() {
    CounterMetricFamily time =
        new CounterMetricFamily(
            "jvm_gc_collection_seconds_total", "Time in collections.", List.of("gc"));
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      time.addMetric(List.of(collector.getName()), collector.getCollectionTime() / 1000.0);
    }
    return time;
  }
}
