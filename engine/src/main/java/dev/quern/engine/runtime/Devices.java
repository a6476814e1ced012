package dev.quern.engine.runtime;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The devices of this process, each opened when the first model asks for it. Safe for threads. */
final class Devices implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Devices.class);

  private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

  private final Gpus gpus;
  private @Nullable DeviceThread cpu;
  private int cpuThreads;
  private boolean closed;

  Devices(GpuSettings settings) {
    this.gpus = new Gpus(settings);
  }

  /**
   * Where a language model goes: where the settings say, and else to the GPU with most free memory,
   * if it fits there, or to the CPU. Says in the log which and why.
   *
   * @throws QuernException UNAVAILABLE for a device that is not there, BAD_REQUEST for a name that
   *     means nothing or threads that differ from those the CPU was opened with
   */
  synchronized Placement languageModel(String id, Checkpoint checkpoint, ModelSettings settings) {
    refuseClosed();
    if (settings.device().equals("auto")) {
      StringBuilder why = new StringBuilder();
      Placement placement =
          gpus.roomiest(
                  settings.dtype(),
                  dtype -> MemoryEstimate.of(checkpoint, settings, dtype),
                  why::append)
              .orElseGet(() -> onCpu(settings));
      String words = id + " goes to " + placement.device().name() + ": " + why;
      if (gpus.present() && !placement.isChosenGpu()) {
        log.warn(words);
      } else {
        log.info(words);
      }
      return placement;
    }
    Matcher cuda = CUDA.matcher(settings.device());
    if (cuda.matches()) {
      int ordinal = cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1));
      return gpus.named(ordinal, settings.dtype());
    }
    return onCpu(settings);
  }

  /**
   * Where an encoder goes: the CPU, which alone has an encoder's operations.
   *
   * @throws QuernException UNAVAILABLE when a GPU was asked for
   */
  synchronized Placement encoder(String id, ModelSettings settings) {
    refuseClosed();
    if (CUDA.matcher(settings.device()).matches()) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "device",
          id
              + " embeds, reranks or classifies, which only the CPU does yet: load it with --device"
              + " cpu or auto, not "
              + settings.device(),
          null);
    }
    return onCpu(settings);
  }

  /** On the CPU, for a model that turned out not to fit the GPU chosen for it. */
  synchronized Placement cpuInstead(ModelSettings settings) {
    refuseClosed();
    return onCpu(settings);
  }

  private void refuseClosed() {
    if (closed) {
      throw new QuernException(ErrorCategory.UNAVAILABLE, "the runtime is closed");
    }
  }

  private Placement onCpu(ModelSettings settings) {
    String name = settings.device();
    if (!name.equals("auto") && !name.equals("cpu")) {
      throw QuernException.badRequest(
          "device", "--device " + name + " is none of auto, cpu and cuda:N");
    }
    return new Placement(ModelDevice.cpu(cpu(settings.threads())), settings.dtype(), false);
  }

  private DeviceThread cpu(OptionalInt threads) {
    int wanted = threads.orElse(0);
    DeviceThread opened = cpu;
    if (opened == null) {
      opened = DeviceThread.start("cpu", () -> TorchBackend.open(wanted));
      cpu = opened;
      cpuThreads = wanted;
    } else if (threads.isPresent() && wanted != cpuThreads) {
      throw QuernException.badRequest(
          "threads",
          "the CPU is open with --threads "
              + cpuThreads
              + " already, for all models; not "
              + wanted);
    }
    return opened;
  }

  /** Ends all device threads. */
  @Override
  public synchronized void close() {
    closed = true;
    if (cpu != null) {
      cpu.close();
    }
    gpus.close();
  }
}
