package dev.quern.engine.runtime;

import dev.quern.cuda.CudaSettings;
import dev.quern.store.QuernException;

/**
 * What all models of the process share on GPUs.
 *
 * @param memoryUtilization share of a GPU's memory that may be taken, in (0, 1]
 * @param decodeGraphs whether decode steps are recorded and replayed as graphs
 * @param libraries where the driver and CUDA's libraries are looked for
 */
public record GpuSettings(double memoryUtilization, boolean decodeGraphs, CudaSettings libraries) {
  /** Names the driver's file: a look-alike in tests, or a driver that the loader does not find. */
  public static final String DRIVER_PROPERTY = "quern.cuda.driver";

  public GpuSettings {
    if (!(memoryUtilization > 0 && memoryUtilization <= 1)) {
      throw QuernException.badRequest(
          "gpu-memory-utilization",
          "--gpu-memory-utilization " + memoryUtilization + " is not above 0 and at most 1");
    }
  }

  /** vLLM's share, graphs, and the usual places. */
  public static GpuSettings defaults() {
    return new GpuSettings(0.9, true, CudaSettings.DEFAULTS);
  }
}
