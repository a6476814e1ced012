package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.RopeKernels;
import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.ExpertWeights;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.ForwardPass;
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Operations as kernels on one NVIDIA GPU, queued on one stream; only {@link #argmax}, {@link
 * #toHost} and whoever reads {@linkplain #draw drawn} tokens wait for them. Belongs to the thread
 * that opens it.
 *
 * <p>In fp32 a token's numbers are the same bits alone and in any batch. In bf16 and fp16 products
 * of up to eight rows are summed in another order than those of more, and a token computed in a
 * prefill chunk takes another attention kernel than one decoded alone; that may change a rounding.
 * Whether a decode step is replayed as a graph changes nothing; see {@link DecodeGraphs}.
 */
public final class CudaBackend implements Backend {
  private final CudaSession session;
  private final LayerOperations layers;
  private final AttentionOperations attention;
  private final ExpertOperations mixtures;
  private final DrawOperations drawing;
  private final BatchUploads batches;
  private final PassCounts passes = new PassCounts();
  private final DecodeGraphs graphs;

  private CudaBackend(CudaSession session, boolean decodeGraphs) {
    this.session = session;
    this.layers = new LayerOperations(session);
    this.attention = new AttentionOperations(session);
    this.mixtures = new ExpertOperations(session);
    this.drawing = new DrawOperations(session);
    this.batches = new BatchUploads(session, drawing);
    this.graphs = new DecodeGraphs(session, batches, passes, decodeGraphs);
  }

  /**
   * Opens a device on the calling platform thread.
   *
   * @param memoryUtilization share of the device's memory that may be taken, in (0, 1]
   * @param cublasLt the file of cuBLASLt, which multiplies many rows faster; null: none
   * @param decodeGraphs whether decode steps are recorded and replayed; else they are queued kernel
   *     by kernel, with the same numbers
   * @throws QuernException UNAVAILABLE with what the driver said
   */
  public static CudaBackend open(
      CudaDriver driver,
      CudaDevice device,
      double memoryUtilization,
      @Nullable Path cublasLt,
      boolean decodeGraphs) {
    try {
      return new CudaBackend(
          CudaSession.open(driver, device, memoryUtilization, cublasLt), decodeGraphs);
    } catch (CudaException e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE, "device", device + " cannot be used: " + e.getMessage(), e);
    }
  }

  @Override
  public String name() {
    return "cuda:" + session.device().ordinal();
  }

  /** Bytes of the budget that are not held. */
  @Override
  public long freeMemoryBytes() {
    return session.memory().freeBytes();
  }

  @Override
  public boolean hasMemoryBudget() {
    return true;
  }

  @Override
  public Map<String, Long> heldBytes() {
    return session.memory().held();
  }

  @Override
  public Map<String, Long> passes() {
    return passes.byName();
  }

  @Override
  public WeightLoader weights(DType dtype) {
    if (!dtype.isFloating()) {
      throw new IllegalArgumentException("weights are floating, not " + dtype);
    }
    return new CudaWeights(
        new WeightMemory(session.memory()), session.uploads(), dtype, graphs::forgetAll);
  }

  @Override
  public KvCache kvCache(KvCacheShape shape, int blocks) {
    long bytes = Math.multiplyExact(shape.bytesPerBlock(), (long) blocks);
    return CudaErrors.named(
        "taking a KV cache of " + blocks + " blocks, " + bytes + " bytes",
        () -> {
          DeviceArena arena = session.memory().arena("kv-cache", bytes);
          // What was never written is read by no query, but products with it must be numbers.
          session.stream().fill(arena.whole(), (byte) 0);
          return new CudaKvCache(arena, shape, blocks, graphs::forget);
        });
  }

  @Override
  public RopeTable ropeTable(float[][] cosines, float[][] sines) {
    return CudaErrors.named(
        "bringing a rotary table",
        () -> {
          int half = cosines[0].length;
          long bytes = (long) cosines.length * half * Float.BYTES;
          DeviceArena arena =
              session.memory().arena("rotary tables", 2 * MemoryStack.aligned(bytes));
          DeviceBuffer cosineTable = arena.take(bytes);
          DeviceBuffer sineTable = arena.take(bytes);
          session.uploads().upload(cosineTable, cosines);
          session.uploads().upload(sineTable, sines);
          return new CudaRope(
              arena, new RopeKernels.Rotary(cosineTable, sineTable, 2 * half), cosines.length);
        });
  }

  @Override
  public Workspace openWorkspace() {
    return session.openStep();
  }

  @Override
  public DeviceBatch upload(ForwardBatch batch) {
    return batches.bring(batch);
  }

  @Override
  public Tensor run(ForwardBatch batch, KvCache cache, ForwardPass pass) {
    DecodeShape shape = DecodeShape.of(batch);
    if (shape != null) {
      return graphs.run(batch, shape, (CudaKvCache) cache, pass);
    }
    passes.kernels.increment();
    return pass.forward(batches.bring(batch), cache);
  }

  @Override
  public Tensor embedding(Tensor table, Tensor ids) {
    return named("embedding", () -> layers.gather(CudaTensor.of(table), CudaTensor.of(ids)));
  }

  @Override
  public Tensor rows(Tensor x, Tensor rows) {
    return named("rows", () -> layers.gather(CudaTensor.of(x), CudaTensor.of(rows)));
  }

  @Override
  public Tensor linear(Tensor x, LinearWeight weight) {
    return named("linear", () -> layers.linear(CudaTensor.of(x), (CudaLinear) weight));
  }

  @Override
  public Tensor add(Tensor a, Tensor b) {
    return named("add", () -> layers.add(CudaTensor.of(a), CudaTensor.of(b)));
  }

  @Override
  public Tensor scale(Tensor x, float factor) {
    return named("scale", () -> layers.scale(CudaTensor.of(x), factor));
  }

  @Override
  public Tensor softCap(Tensor x, float cap) {
    return named("softCap", () -> layers.softCap(CudaTensor.of(x), cap));
  }

  @Override
  public Tensor rmsNorm(Tensor x, Tensor weight, float epsilon) {
    return named("rmsNorm", () -> layers.rmsNorm(CudaTensor.of(x), CudaTensor.of(weight), epsilon));
  }

  @Override
  public Residual addRmsNorm(Tensor residual, Tensor x, Tensor weight, float epsilon) {
    return CudaErrors.named(
        "addRmsNorm",
        () ->
            layers.addRmsNorm(
                CudaTensor.of(residual), CudaTensor.of(x), CudaTensor.of(weight), epsilon));
  }

  @Override
  public Residual throughLayer(Residual state, UnaryOperator<Residual> layer) {
    return session.inLayer(() -> layer.apply(state));
  }

  @Override
  public Tensor gated(Tensor gateUp, Activation activation) {
    return named("gated", () -> layers.gated(CudaTensor.of(gateUp), activation));
  }

  @Override
  public Tensor gatedLinear(Tensor x, LinearWeight gateUp, Activation activation) {
    return named(
        "gatedLinear", () -> layers.gatedLinear(CudaTensor.of(x), (CudaLinear) gateUp, activation));
  }

  @Override
  public Tensor rotateAndCache(
      Tensor qkv,
      HeadLayout heads,
      @Nullable HeadNorms norms,
      RopeTable rope,
      KvCache cache,
      int layer,
      DeviceBatch batch) {
    return named(
        "rotateAndCache",
        () ->
            attention.rotateAndCache(
                CudaTensor.of(qkv),
                heads,
                norms,
                (CudaRope) rope,
                (CudaKvCache) cache,
                layer,
                (CudaBatch) batch));
  }

  @Override
  public Tensor pagedAttention(
      Tensor queries,
      HeadLayout heads,
      AttentionOptions options,
      KvCache cache,
      int layer,
      DeviceBatch batch) {
    return named(
        "pagedAttention",
        () ->
            attention.pagedAttention(
                CudaTensor.of(queries),
                heads,
                options,
                (CudaKvCache) cache,
                layer,
                (CudaBatch) batch));
  }

  @Override
  public Tensor experts(
      Tensor x,
      Tensor routerLogits,
      ExpertWeights experts,
      int topK,
      boolean normalise,
      Activation activation) {
    return named(
        "experts",
        () ->
            mixtures.experts(
                CudaTensor.of(x),
                CudaTensor.of(routerLogits),
                (CudaExperts) experts,
                topK,
                normalise,
                activation));
  }

  @Override
  public int[] argmax(Tensor logits) {
    return CudaErrors.named("argmax", () -> layers.argmax(CudaTensor.of(logits)));
  }

  @Override
  public DrawnTokens draw(Tensor logits, Draws draws) {
    return CudaErrors.named("draw", () -> drawing.draw(CudaTensor.of(logits), draws));
  }

  @Override
  public boolean drawsAhead() {
    return true;
  }

  @Override
  public float[] toHost(Tensor x) {
    return CudaErrors.named(
        "toHost",
        () -> {
          CudaTensor tensor = CudaTensor.of(x);
          return session
              .outputs()
              .floats(tensor.buffer(), tensor.dtype(), Math.toIntExact(tensor.elements()));
        });
  }

  /** There are none yet. */
  @Override
  public EncoderOperations encoders() {
    throw new QuernException(
        ErrorCategory.UNAVAILABLE,
        "device",
        "models that embed, rerank or classify do not run on "
            + name()
            + " yet; load them with --device cpu",
        null);
  }

  @Override
  public void close() {
    CudaErrors.close(List.of(graphs, drawing, session));
  }

  private static Tensor named(String operation, Supplier<? extends Tensor> work) {
    return CudaErrors.named(operation, work);
  }
}
