package dev.quern.engine.runtime;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The devices of this process, each opened when the first model asks for it. Safe for threads. */
final class Devices implements AutoCloseable {
  private static final Pattern CUDA = Pattern.compile("cuda(:\\d+)?");

  private @Nullable DeviceThread cpu;
  private int cpuThreads;
  private boolean closed;

  /**
   * The thread of a device.
   *
   * @param name {@code auto}, {@code cpu} or {@code cuda:N}
   * @param threads compute threads on the CPU; 0 or absent: as many as processors
   * @throws QuernException UNAVAILABLE for a device that is not there, BAD_REQUEST for a name that
   *     means nothing or threads that differ from those the CPU was opened with
   */
  synchronized DeviceThread open(String name, OptionalInt threads) {
    if (closed) {
      throw new QuernException(ErrorCategory.UNAVAILABLE, "the runtime is closed");
    }
    if (name.equals("auto") || name.equals("cpu")) {
      return cpu(threads);
    }
    if (CUDA.matcher(name).matches()) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "device",
          "no CUDA backend in this build, so --device " + name + " is not there; use --device cpu",
          null);
    }
    throw QuernException.badRequest(
        "device", "--device " + name + " is none of auto, cpu and cuda:N");
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
  }
}
