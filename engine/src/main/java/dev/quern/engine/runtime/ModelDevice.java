package dev.quern.engine.runtime;

import dev.quern.cuda.nvml.GpuReading;
import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.device.Recoveries;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The device that a model computes on, as people and metrics see it. Safe for threads. */
public final class ModelDevice {
  private final DeviceThread thread;
  private final Supplier<Optional<GpuReading>> gauges;

  private ModelDevice(DeviceThread thread, Supplier<Optional<GpuReading>> gauges) {
    this.thread = thread;
    this.gauges = gauges;
  }

  static ModelDevice cpu(DeviceThread thread) {
    return new ModelDevice(thread, Optional::empty);
  }

  static ModelDevice gpu(DeviceThread thread, Supplier<GpuReading> gauges) {
    return new ModelDevice(thread, () -> Optional.of(gauges.get()));
  }

  DeviceThread thread() {
    return thread;
  }

  /** {@code cpu} or {@code cuda:N}. */
  public String name() {
    return thread.name();
  }

  /** Bytes of a GPU by what holds them, of all its models together; empty on the CPU. */
  public Map<String, Long> heldBytes() {
    return thread.heldBytes();
  }

  /** Passes of language models on a GPU by how they were queued, since it was opened. */
  public Map<String, Long> passes() {
    return thread.passes();
  }

  /** How often the device was lost and served again, so far; a CPU never is. */
  public Recoveries recoveries() {
    return thread.recoveries();
  }

  /** What NVML tells of a GPU, now; empty on the CPU. */
  public Optional<GpuReading> reading() {
    return gauges.get();
  }
}
