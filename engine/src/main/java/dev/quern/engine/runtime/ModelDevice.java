package dev.quern.engine.runtime;

import dev.quern.engine.device.DeviceThread;
import java.util.Map;

/** The device that a model computes on, as people and metrics see it. Safe for threads. */
public final class ModelDevice {
  private final DeviceThread thread;

  ModelDevice(DeviceThread thread) {
    this.thread = thread;
  }

  /** {@code cpu} or {@code cuda:N}. */
  public String name() {
    return thread.name();
  }

  /** Bytes of a GPU by what holds them, of all its models together; empty on the CPU. */
  public Map<String, Long> heldBytes() {
    return thread.heldBytes();
  }
}
