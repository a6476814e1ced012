package dev.quern.bench.gpu;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaGraph;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.PinnedArena;
import dev.quern.cuda.kernel.AttentionKernels;
import dev.quern.cuda.kernel.CacheLayout;
import dev.quern.cuda.kernel.ElementType;
import dev.quern.cuda.kernel.KernelImage;
import dev.quern.cuda.kernel.KernelModule;
import dev.quern.cuda.kernel.LinearKernels;
import dev.quern.cuda.kernel.NormKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Bandwidth of the kernels that decoding spends its time in, at the shapes of Llama-3.1-8B in bf16,
 * beside a copy on the same device, and the cost of a launch. Prints a table.
 *
 * <p>{@code KernelSpeed [--driver FILE] [--device N] [--small]}; {@code --small} shrinks every
 * shape, to try the program itself on a look-alike driver.
 */
public final class KernelSpeed implements AutoCloseable {
  private static final ElementType TYPE = ElementType.BF16;
  private static final int BLOCK_SIZE = 16;
  private static final long BEYOND_CACHE = 512L << 20;
  private static final int LAUNCHES_OF_GRAPH = 200;

  private final CudaContext context;
  private final CudaStream stream;
  private final KernelModule module;
  private final DeviceTimer timer;

  /** All shapes are divided by this. */
  private final int shrink;

  private double copyBytesPerSecond;

  private KernelSpeed(CudaDriver driver, int device, boolean small) {
    context = CudaContext.open(driver, driver.device(device), 0.9);
    stream = context.newStream();
    module = new KernelModule(context, KernelImage.forDriver(driver));
    timer = new DeviceTimer(context, stream, small ? 1 : 20);
    shrink = small ? 32 : 1;
  }

  public static void main(String[] arguments) {
    Path library = null;
    int device = 0;
    boolean small = false;
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--driver" -> library = Path.of(arguments[++i]);
        case "--device" -> device = Integer.parseInt(arguments[++i]);
        case "--small" -> small = true;
        default -> throw new IllegalArgumentException("unknown argument " + arguments[i]);
      }
    }
    run(library, device, small);
  }

  private static void run(@Nullable Path library, int device, boolean small) {
    CudaDriver driver = CudaDriver.open(library);
    System.out.println(driver.device(device) + ", driver of CUDA " + driver.version());
    try (KernelSpeed speed = new KernelSpeed(driver, device, small)) {
      System.out.println("| what | shape | us | GB/s | of a copy | TFLOP/s |");
      System.out.println("|---|---|---|---|---|---|");
      speed.copy();
      speed.products();
      speed.norm();
      speed.decodeAttention(1, 4096);
      speed.decodeAttention(1, 32768);
      speed.decodeAttention(64, 4096);
      speed.prefillAttention(2048);
      speed.prefillAttention(8192);
      speed.launches();
    }
  }

  private void copy() {
    long bytes = (2L << 30) / shrink / shrink;
    try (DeviceArena arena = context.memory().arena("copy", 2 * bytes)) {
      DeviceBuffer from = arena.take(bytes);
      DeviceBuffer to = arena.take(bytes);
      double microseconds = timer.microseconds(() -> stream.copy(to, from));
      copyBytesPerSecond = 2 * bytes / microseconds * 1e6;
      row("copy", bytes + " bytes", microseconds, 2 * bytes, 0);
    }
  }

  private void products() {
    LinearKernels linear = new LinearKernels(module);
    for (int rows : new int[] {1, 8, 64, 2048}) {
      product(linear, "qkv", rows, 6144, 4096);
      product(linear, "gate, up", rows, 28672, 4096);
      product(linear, "down", rows, 4096, 14336);
      if (rows <= 64) {
        product(linear, "head", rows, 128256, 4096);
      }
    }
  }

  private void product(LinearKernels linear, String name, int rows, int out, int in) {
    int outFeatures = out / shrink;
    int inFeatures = in / shrink;
    int used = Math.max(1, rows / shrink);
    long weightBytes = (long) outFeatures * inFeatures * TYPE.bytes();
    long outBytes = (long) used * outFeatures * TYPE.bytes();
    long inBytes = (long) used * inFeatures * TYPE.bytes();
    int copies = copiesBeyondCache(weightBytes);
    try (DeviceArena arena = arena(copies * (weightBytes + 256), outBytes, inBytes)) {
      Rotation<DeviceBuffer> weights = new Rotation<>(copies, () -> arena.take(weightBytes));
      DeviceBuffer y = arena.take(outBytes);
      DeviceBuffer x = arena.take(inBytes);
      double microseconds =
          timer.microseconds(
              () ->
                  linear.linear(
                      stream, TYPE, y, x, weights.next(), null, used, outFeatures, inFeatures));
      row(
          "product, " + name,
          used + " x " + inFeatures + " x " + outFeatures,
          microseconds,
          weightBytes + outBytes + inBytes,
          2.0 * used * outFeatures * inFeatures);
    }
  }

  private void norm() {
    NormKernels norms = new NormKernels(module);
    int rows = 2048 / shrink;
    int hidden = 4096;
    long bytes = (long) rows * hidden * TYPE.bytes();
    try (DeviceArena arena = arena(4 * bytes, hidden * 4L)) {
      DeviceBuffer out = arena.take(bytes);
      DeviceBuffer x = arena.take(bytes);
      NormKernels.Residual residual =
          new NormKernels.Residual(arena.take(bytes), arena.take(bytes));
      DeviceBuffer weight = arena.take(hidden * 4L);
      double microseconds =
          timer.microseconds(
              () -> norms.rmsNorm(stream, TYPE, out, x, residual, weight, 1e-5f, rows, hidden));
      row("RMSNorm with residual", rows + " x " + hidden, microseconds, 4 * bytes, 0);
    }
  }

  private void decodeAttention(int sequences, int length) {
    Attended attended = new Attended(sequences, 1, Math.max(BLOCK_SIZE, length / shrink));
    AttentionKernels attention = new AttentionKernels(module);
    int copies = copiesBeyondCache(attended.cacheBytes());
    try (DeviceArena arena = arena(attended.bytes(), copies * (attended.cacheBytes() + 512))) {
      Rotation<CacheLayout> caches = new Rotation<>(copies, () -> attended.cache(arena));
      DeviceBuffer queries = arena.take(attended.queryBytes());
      DeviceBuffer out = arena.take(attended.queryBytes());
      AttentionKernels.BlockTables tables = attended.tables(this, arena);
      DeviceBuffer rowSequences = upload(arena, IntStream.range(0, sequences).toArray());
      DeviceBuffer lengths =
          upload(arena, IntStream.range(0, sequences).map(_ -> attended.length()).toArray());
      AttentionKernels.Splits splits =
          attention.splits(caches.next(), sequences, attended.length());
      AttentionKernels.SplitRoom room = attended.splitRoom(arena, splits.count());
      stream.fill(room.tickets(), (byte) 0);
      AttentionKernels.Options options = new AttentionKernels.Options(0.088f, 0, 0);
      double microseconds =
          timer.microseconds(
              () ->
                  attention.decode(
                      stream,
                      TYPE,
                      out,
                      queries,
                      caches.next(),
                      tables,
                      rowSequences,
                      lengths,
                      options,
                      sequences,
                      splits,
                      room));
      row(
          "decode attention",
          sequences + " x " + attended.length() + " tokens, " + splits.count() + " splits",
          microseconds,
          attended.cacheBytes(),
          attended.flops());
    }
  }

  private void prefillAttention(int tokens) {
    Attended attended = new Attended(1, tokens / shrink, tokens / shrink);
    AttentionKernels attention = new AttentionKernels(module);
    if (!attention.hasPrefill(TYPE)) {
      return;
    }
    try (DeviceArena arena = arena(attended.bytes(), attended.cacheBytes())) {
      CacheLayout cache = attended.cache(arena);
      DeviceBuffer queries = arena.take(attended.queryBytes());
      DeviceBuffer out = arena.take(attended.queryBytes());
      AttentionKernels.BlockTables tables = attended.tables(this, arena);
      DeviceBuffer starts = upload(arena, 0, attended.rows());
      DeviceBuffer lengths = upload(arena, attended.length());
      AttentionKernels.Options options = new AttentionKernels.Options(0.088f, 0, 0);
      double microseconds =
          timer.microseconds(
              () ->
                  attention.prefill(
                      stream,
                      TYPE,
                      out,
                      queries,
                      cache,
                      tables,
                      starts,
                      lengths,
                      options,
                      attended.rows(),
                      1,
                      attended.rows()));
      // The causal half is computed alone.
      row(
          "prefill attention",
          attended.rows() + " tokens",
          microseconds,
          attended.cacheBytes() + 2 * attended.queryBytes(),
          attended.flops() / 2);
    }
  }

  /** What a launch costs the host, and a node of a graph the device. */
  private void launches() {
    NormKernels norms = new NormKernels(module);
    int hidden = 64;
    try (DeviceArena arena = context.memory().arena("launches", 4096)) {
      DeviceBuffer out = arena.take(hidden * 4L);
      DeviceBuffer x = arena.take(hidden * 4L);
      DeviceBuffer weight = arena.take(hidden * 4L);
      Runnable launch = () -> norms.rmsNorm(stream, TYPE, out, x, null, weight, 1e-5f, 1, hidden);
      DeviceTimer.repeat(LAUNCHES_OF_GRAPH, launch);
      stream.synchronize();
      long begin = System.nanoTime();
      DeviceTimer.repeat(LAUNCHES_OF_GRAPH, launch);
      double host = (System.nanoTime() - begin) / 1e3 / LAUNCHES_OF_GRAPH;
      stream.synchronize();
      try (CudaGraph graph = stream.capture(() -> DeviceTimer.repeat(LAUNCHES_OF_GRAPH, launch))) {
        double device = timer.microseconds(launch);
        begin = System.nanoTime();
        stream.launch(graph);
        double graphHost = (System.nanoTime() - begin) / 1e3;
        stream.synchronize();
        System.out.printf(
            Locale.ROOT,
            "a launch costs the host %.2f us; a graph of %d launches %.1f us; a node of it takes"
                + " %.2f us on the device%n",
            host,
            LAUNCHES_OF_GRAPH,
            graphHost,
            device);
      }
    }
  }

  /** Weights and caches that a step reads once must not be found in the device's own cache. */
  private int copiesBeyondCache(long bytes) {
    long wanted = BEYOND_CACHE / shrink / shrink;
    return (int) Math.max(1, (wanted + bytes - 1) / bytes);
  }

  private DeviceArena arena(long... parts) {
    long bytes = 0;
    for (long part : parts) {
      bytes += part + 4096;
    }
    return context.memory().arena("measured", bytes);
  }

  DeviceBuffer upload(DeviceArena arena, int... values) {
    DeviceBuffer buffer = arena.take((long) Integer.BYTES * values.length);
    try (PinnedArena pinned = context.memory().pinned("measured", buffer.bytes())) {
      MemorySegment.copy(values, 0, pinned.whole(), ValueLayout.JAVA_INT, 0, values.length);
      stream.copyToDevice(buffer, pinned.whole());
      stream.synchronize();
    }
    return buffer;
  }

  private void row(String what, String shape, double microseconds, long bytes, double flops) {
    double bytesPerSecond = bytes / microseconds * 1e6;
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %.1f | %.0f | %.2f | %s |%n",
        what,
        shape,
        microseconds,
        bytesPerSecond / 1e9,
        bytesPerSecond / copyBytesPerSecond,
        flops == 0 ? "" : String.format(Locale.ROOT, "%.1f", flops / microseconds / 1e6));
  }

  @Override
  public void close() {
    timer.close();
    module.close();
    stream.close();
    context.close();
  }
}
