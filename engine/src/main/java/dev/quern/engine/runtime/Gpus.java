package dev.quern.engine.runtime;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.CudaProbe;
import dev.quern.cuda.LibrarySearch;
import dev.quern.cuda.nvml.GpuGauges;
import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The NVIDIA GPUs of this host, each opened when the first model goes there. For one thread at a
 * time.
 */
final class Gpus implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Gpus.class);

  private static final int BF16_CAPABILITY = 80;

  private final GpuSettings settings;
  private final Map<Integer, ModelDevice> opened = new TreeMap<>();
  private @Nullable CudaDriver driver;
  private @Nullable GpuGauges gauges;

  Gpus(GpuSettings settings) {
    this.settings = settings;
  }

  /** Whether a driver with GPUs was found, once one was looked for. */
  boolean present() {
    return driver != null;
  }

  /**
   * The GPU that was asked for by name.
   *
   * @throws QuernException UNAVAILABLE, with what is missing and the way out
   */
  Placement named(int ordinal, Optional<DType> dtype) {
    try {
      CudaDriver found = driver();
      CudaDevice device = found.device(ordinal);
      String refusal = CudaProbe.refusal(device, found);
      if (refusal != null) {
        throw new CudaException(device + " cannot be used: " + refusal);
      }
      return new Placement(
          open(device), Optional.of(dtype.orElseGet(() -> preferred(device))), false);
    } catch (CudaException e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "device",
          "--device cuda:" + ordinal + ": " + e.getMessage() + "; or use --device cpu",
          e);
    }
  }

  /**
   * The GPU with most free memory, if the model fits there.
   *
   * @param need what the model takes in a type
   * @param why hears, in a few words, what was found
   */
  Optional<Placement> roomiest(
      Optional<DType> dtype, Function<DType, MemoryEstimate> need, Consumer<String> why) {
    try {
      CudaDriver found = driver();
      List<Candidate> candidates = new ArrayList<>();
      List<String> refusals = new ArrayList<>();
      for (CudaDevice device : found.devices()) {
        String refusal = CudaProbe.refusal(device, found);
        if (refusal == null) {
          candidates.add(new Candidate(device, freeBytes(found, device)));
        } else {
          refusals.add(device + ": " + refusal);
        }
      }
      if (candidates.isEmpty()) {
        why.accept(String.join("; ", refusals));
        return Optional.empty();
      }
      Candidate best = roomiest(candidates);
      DType type = dtype.orElseGet(() -> preferred(best.device()));
      MemoryEstimate estimate = need.apply(type);
      String room =
          estimate.words()
              + (estimate.total() <= best.freeBytes() ? " fits" : " does not fit")
              + " the "
              + MemoryEstimate.mebibytes(best.freeBytes())
              + " free on "
              + best.device();
      why.accept(room);
      return estimate.total() <= best.freeBytes()
          ? Optional.of(new Placement(open(best.device()), Optional.of(type), true))
          : Optional.empty();
    } catch (CudaException | QuernException e) {
      why.accept(String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  record Candidate(CudaDevice device, long freeBytes) {}

  /** That with most free memory; the first of equals. */
  static Candidate roomiest(List<Candidate> candidates) {
    return candidates.stream()
        .reduce((best, next) -> next.freeBytes() > best.freeBytes() ? next : best)
        .orElseThrow();
  }

  private CudaDriver driver() {
    CudaDriver found = driver;
    if (found == null) {
      found = CudaDriver.open(settings.libraries().driverLibrary());
      driver = found;
    }
    return found;
  }

  private ModelDevice open(CudaDevice device) {
    return opened.computeIfAbsent(
        device.ordinal(),
        ordinal -> {
          CudaDriver found = driver();
          String pciBusId = found.pciBusId(device);
          GpuGauges gauges = gauges();
          return ModelDevice.gpu(
              DeviceThread.start(
                  "cuda:" + ordinal,
                  new GpuOpener(
                      found,
                      device,
                      settings.memoryUtilization(),
                      cublasLt(found),
                      settings.decodeGraphs())),
              () -> gauges.read(pciBusId));
        });
  }

  private @Nullable Path cublasLt(CudaDriver found) {
    return LibrarySearch.of(settings.libraries())
        .cublasLt(found.readsCuda13Binaries())
        .orElse(null);
  }

  private GpuGauges gauges() {
    GpuGauges found = gauges;
    if (found == null) {
      found = GpuGauges.open(settings.libraries());
      gauges = found;
      if (!found.present()) {
        log.info("no gauges of GPUs in /metrics: {}", found.description());
      }
    }
    return found;
  }

  /** What the process may still take; of a GPU that is not open, what it could. */
  private long freeBytes(CudaDriver found, CudaDevice device) {
    ModelDevice open = opened.get(device.ordinal());
    return open == null
        ? unopenedBytes(found, device)
        : open.thread().call(Backend::freeMemoryBytes);
  }

  /** Asks with a context that is given back at once: one costs hundreds of megabytes to keep. */
  private long unopenedBytes(CudaDriver found, CudaDevice device) {
    CompletableFuture<Long> bytes = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("memory-of-cuda:" + device.ordinal())
        .start(
            () -> {
              try (CudaContext context =
                  CudaContext.open(found, device, settings.memoryUtilization())) {
                bytes.complete(context.memory().freeBytes());
              } catch (RuntimeException e) {
                bytes.completeExceptionally(e);
              }
            });
    try {
      return bytes.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof CudaException cause ? cause : e;
    }
  }

  private static DType preferred(CudaDevice device) {
    return device.computeCapability() >= BF16_CAPABILITY ? DType.BF16 : DType.F16;
  }

  /** Ends the threads of all GPUs that are open. */
  @Override
  public void close() {
    opened.values().forEach(device -> device.thread().close());
  }
}
