package dev.quern.engine.tensor.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
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
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.Workspace;
import dev.quern.engine.tensor.sampling.HostSampler;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.StoredType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Operations as calls into libtorch on the CPU, one each. Belongs to the thread that uses it first
 * and to its own {@link TorchLanes}.
 *
 * <p>{@link HeldWeights} says how weights are held and multiplied: in oneDNN's own layout of them
 * where the processor has it for the type (fp32 everywhere, bf16 with AVX-512), and without AVX-512
 * in 16 bits, if they are stored so, whatever the model computes in. Milliseconds in the layout for
 * bf16 {@code [4096, 768]} on two cores of a Zen 4, best of many on a busy host: 0.08 for 1 row,
 * 0.14 for 8, 0.24 for 16, 0.94 for 64, whether the layout was made for 1, 16, 64, 512 rows or for
 * none in particular; {@code aten::linear} takes 0.27 for 2 and 1.2 for 64. With either a row's
 * result is the same bits for any number of rows, which {@code aten::linear} does not give in fp32:
 * there one row takes another kernel than two.
 *
 * <p>In fp32 norms, gates, rotation and the attention of decoded tokens are our own kernels' where
 * the processor has AVX2, which take a call each where libtorch takes ten: of 35 ms that a 110M
 * model's decoding of one token took on a Zen 1, those parts took 14. A decoded token's result does
 * not depend on its company; in other types decoded tokens of like context length share a product,
 * which may change a rounding. A token computed in a prefill chunk may differ from the same token
 * decoded alone by rounding, and so may elementwise functions where libtorch splits a tensor among
 * three or more threads inside a row.
 */
public final class TorchBackend implements Backend {
  /** How many rows oneDNN's layout of a weight is made for; the layout is the same for others. */
  static final int PACKED_FOR_ROWS = 1;

  /** What our own attention divides a head into (attention.h). */
  private static final int OWN_HEAD_STEP = 8;

  private final int threads;
  private final NDManager manager;
  private final TorchScript weightScript;
  private final TorchScript layers;
  private final TorchScript attention;
  private final HeldWeights heldWeights;
  private final AtomicLong live = new AtomicLong();
  private final AtomicReference<@Nullable Thread> owner = new AtomicReference<>();
  private final TorchArena lasting;
  private final IValue nothing;
  // Those that the kernel has not given in full yet; for the device's thread.
  private final List<CacheMemory> cacheMemories = new ArrayList<>();
  private final HostSampler sampler = new HostSampler();
  private final TorchLanes.Seat ownersSeat = new TorchLanes.Seat();
  private @Nullable TorchEncoderOperations encoderOperations;

  private TorchBackend(int threads, Set<DType> packing, boolean ownKernels) {
    this.threads = threads;
    manager = TorchNatives.newManager();
    boolean usable = TorchNatives.registerOperations() && ownKernels;
    weightScript = new TorchScript(manager, "Weights");
    String kernels = usable ? "own_kernels.py" : "no_kernels.py";
    layers = new TorchScript(manager, "Layers", kernels, "products.py");
    attention = new TorchScript(manager, "Attention", kernels);
    lasting = new TorchArena(live);
    nothing = lasting.keep(weightScript.call("nothing"));
    heldWeights = new HeldWeights(TorchProducts.packable(weightScript, packing), usable);
  }

  /**
   * Opens libtorch on this machine's processors.
   *
   * @param threads threads one operation may use; 0: as many as there are processors, which is also
   *     the most that is taken, since more would only wait for each other
   */
  public static TorchBackend open(int threads) {
    return open(threads, TorchProducts.PACKING, true);
  }

  /**
   * As {@link #open(int)}, but of the types that oneDNN may have here only those in {@code packing}
   * go to it: without bf16 this computes as on a processor without AVX-512, and without our own
   * kernels as on one without AVX2.
   */
  static TorchBackend open(int threads, Set<DType> packing, boolean ownKernels) {
    int processors = Runtime.getRuntime().availableProcessors();
    if (threads < 0) {
      throw QuernException.badRequest(
          "threads", "threads is " + threads + "; it must be 0 (all processors) or more");
    }
    return new TorchBackend(
        threads == 0 ? processors : Math.min(threads, processors), packing, ownKernels);
  }

  @Override
  public String name() {
    return "torch-cpu";
  }

  @Override
  public long freeMemoryBytes() {
    cacheMemories.removeIf(memory -> memory.untakenBytes() == 0);
    long promised = cacheMemories.stream().mapToLong(CacheMemory::untakenBytes).sum();
    return Math.max(0, HostMemory.availableBytes() - promised);
  }

  @Override
  public boolean isFastIn(DType type) {
    return heldWeights.packable().contains(type);
  }

  @Override
  public int bytesPerWeight(DType computed, StoredType stored) {
    return heldWeights.typeOf(computed, stored).bytes();
  }

  /** Native values held by workspaces, weights, caches and tables of this backend. */
  long liveValues() {
    return live.get();
  }

  @Override
  public WeightLoader weights(DType dtype) {
    checkThread();
    if (!dtype.isFloating()) {
      throw new IllegalArgumentException("weights are floating, not " + dtype);
    }
    return new TorchWeights(
        this,
        weightScript,
        new DecodedTensors(weightScript, manager),
        new TorchArena(live),
        dtype,
        heldWeights);
  }

  @Override
  public KvCache kvCache(KvCacheShape shape, int blocks) {
    checkThread();
    long bytes = shape.bytesPerBlock() * blocks;
    long free = freeMemoryBytes();
    if (bytes > free) {
      throw new QuernException(
          ErrorCategory.OUT_OF_MEMORY,
          "a KV cache of "
              + blocks
              + " blocks takes "
              + bytes
              + " bytes, and the machine has "
              + free
              + " free; ask for a smaller cache");
    }
    TorchKvCache cache =
        TorchKvCache.open(manager, weightScript, new TorchArena(live), shape, blocks);
    cacheMemories.add(cache.memory());
    return cache;
  }

  @Override
  public RopeTable ropeTable(float[][] cosines, float[][] sines) {
    checkThread();
    TorchArena arena = new TorchArena(live);
    return new TorchRope(
        arena,
        arena.keep(table(cosines)),
        arena.keep(table(sines)),
        cosines.length,
        2 * cosines[0].length);
  }

  private IValue table(float[][] values) {
    int columns = values[0].length;
    double[] flat = new double[values.length * columns];
    for (int row = 0; row < values.length; row++) {
      for (int column = 0; column < columns; column++) {
        flat[row * columns + column] = values[row][column];
      }
    }
    return weightScript.call("table", flat, values.length, columns);
  }

  @Override
  public Workspace openWorkspace() {
    TorchLanes.Seat seat = seat();
    if (seat.workspace != null) {
      throw new IllegalStateException("a workspace is open already");
    }
    TorchArena opened = new TorchArena(live);
    seat.workspace = opened;
    return () -> {
      if (seat.workspace == opened) {
        seat.workspace = null;
      }
      opened.close();
    };
  }

  @Override
  public DeviceBatch upload(ForwardBatch batch) {
    TorchArena arena = step();
    if (batch.drawn() != null) {
      throw new IllegalArgumentException("torch draws at once: batches name known tokens");
    }
    IValue[] indices;
    try (IValue tuple =
        layers.call(
            "indices",
            longs(batch.tokenIds()),
            longs(batch.slots()),
            longs(batch.positions()),
            longs(batch.logitRows()))) {
      indices = tuple.toIValueTuple();
    }
    return new TorchBatch(
        batch,
        arena.tensor(indices[0], DType.I64, batch.tokens()),
        arena.keep(indices[1]),
        arena.keep(indices[2]),
        arena.tensor(indices[3], DType.I64, batch.logitRows().length));
  }

  static long[] longs(int[] values) {
    long[] wide = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  @Override
  public Tensor embedding(Tensor table, Tensor ids) {
    TorchArena arena = step();
    return arena.tensor(
        layers.call("embedding", value(table), value(ids), ScalarTypes.of(table.dtype())),
        table.dtype(),
        ids.size(0),
        table.size(1));
  }

  @Override
  public Tensor linear(Tensor x, LinearWeight weight) {
    TorchArena arena = step();
    TorchLinear linear = (TorchLinear) weight;
    return arena.tensor(
        layers.call("linear", value(x), linear.weight(), linear.bias(), linear.products().number()),
        x.dtype(),
        x.size(0),
        linear.outFeatures());
  }

  @Override
  public Tensor add(Tensor a, Tensor b) {
    return like(a, step(), layers.call("add", value(a), value(b)));
  }

  @Override
  public Tensor scale(Tensor x, float factor) {
    return like(x, step(), layers.call("scale", value(x), factor));
  }

  @Override
  public Tensor rmsNorm(Tensor x, Tensor weight, float epsilon) {
    return like(x, step(), layers.call("rms_norm", value(x), value(weight), epsilon));
  }

  @Override
  public Residual addRmsNorm(Tensor residual, Tensor x, Tensor weight, float epsilon) {
    TorchArena arena = step();
    try (IValue tuple =
        layers.call("add_rms_norm", value(residual), value(x), value(weight), epsilon)) {
      IValue[] parts = tuple.toIValueTuple();
      return new Residual(like(x, arena, parts[0]), like(x, arena, parts[1]));
    }
  }

  @Override
  public Tensor gated(Tensor gateUp, Activation activation) {
    TorchArena arena = step();
    return arena.tensor(
        layers.call("gated", value(gateUp), number(activation)),
        gateUp.dtype(),
        gateUp.size(0),
        gateUp.size(1) / 2);
  }

  private static int number(Activation activation) {
    return switch (activation) {
      case SILU -> 0;
      case GELU_TANH -> 1;
      case GELU -> 2;
    };
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
    TorchArena arena = step();
    TorchBatch step = (TorchBatch) batch;
    TorchKvCache slabs = (TorchKvCache) cache;
    TorchBatch.Rotation rotation =
        step.rotations.computeIfAbsent((TorchRope) rope, table -> rotation(table, step, arena));
    IValue queries =
        attention.call(
            "rotate_and_cache",
            value(qkv),
            heads.queryHeads(),
            heads.kvHeads(),
            norms == null ? nothing : value(norms.query()),
            norms == null ? nothing : value(norms.key()),
            norms == null ? 0f : norms.epsilon(),
            rotation.cosines(),
            rotation.sines(),
            slabs.keys()[layer],
            slabs.values()[layer],
            step.slots);
    return arena.tensor(queries, qkv.dtype(), qkv.size(0), heads.queryHeads(), heads.headDim());
  }

  private TorchBatch.Rotation rotation(TorchRope rope, TorchBatch step, TorchArena arena) {
    try (IValue tuple = attention.call("rotation", rope.cosines(), rope.sines(), step.positions)) {
      IValue[] parts = tuple.toIValueTuple();
      return new TorchBatch.Rotation(arena.keep(parts[0]), arena.keep(parts[1]));
    }
  }

  @Override
  public Tensor pagedAttention(
      Tensor queries,
      HeadLayout heads,
      AttentionOptions options,
      KvCache cache,
      int layer,
      DeviceBatch batch) {
    TorchArena arena = step();
    TorchBatch step = (TorchBatch) batch;
    TorchKvCache slabs = (TorchKvCache) cache;
    int blockSize = slabs.shape().blockSize();
    boolean capped = options.softCap() > 0;
    boolean ownKernel =
        heldWeights.ownKernels()
            && queries.dtype() == DType.F32
            && slabs.shape().dtype() == DType.F32
            && heads.headDim() % OWN_HEAD_STEP == 0;
    AttentionPlan.Key key =
        new AttentionPlan.Key(
            options.slidingWindow(), capped, blockSize, queries.dtype(), ownKernel);
    AttentionPlan plan =
        step.plans.computeIfAbsent(
            key, absent -> AttentionPlan.make(step.host(), absent, attention, arena));
    IValue out =
        attention.call(
            "paged",
            value(queries),
            slabs.keys()[layer],
            slabs.values()[layer],
            plan.pieces(),
            plan.masks(),
            plan.tables(),
            plan.groupRows(),
            plan.groupMasks(),
            plan.groupTables(),
            plan.decoded(),
            plan.decodedBlocks(),
            blockSize,
            options.scale(),
            options.softCap());
    return arena.tensor(
        out, queries.dtype(), queries.size(0), (long) heads.queryHeads() * heads.headDim());
  }

  @Override
  public Tensor experts(
      Tensor x,
      Tensor routerLogits,
      ExpertWeights experts,
      int topK,
      boolean normalise,
      Activation activation) {
    TorchArena arena = step();
    TorchExperts mixture = (TorchExperts) experts;
    return like(
        x,
        arena,
        layers.call(
            "experts",
            value(x),
            value(routerLogits),
            mixture.gateUp(),
            mixture.down(),
            mixture.products().number(),
            topK,
            normalise,
            number(activation)));
  }

  @Override
  public Tensor rows(Tensor x, Tensor rows) {
    return step()
        .tensor(layers.call("rows", value(x), value(rows)), x.dtype(), rows.size(0), x.size(1));
  }

  @Override
  public Tensor softCap(Tensor x, float cap) {
    return like(x, step(), layers.call("soft_cap", value(x), cap));
  }

  @Override
  public int[] argmax(Tensor logits) {
    step();
    try (IValue result = layers.call("argmax", value(logits));
        NDArray array = result.toTensor((PtNDManager) manager)) {
      long[] wide = array.toLongArray();
      int[] rows = new int[wide.length];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = Math.toIntExact(wide[i]);
      }
      return rows;
    }
  }

  @Override
  public DrawnTokens draw(Tensor logits, Draws draws) {
    return sampler.draw(this, logits, draws);
  }

  @Override
  public float[] toHost(Tensor x) {
    step();
    try (IValue full = layers.call("full", value(x));
        NDArray array = full.toTensor((PtNDManager) manager)) {
      return array.toFloatArray();
    }
  }

  /** Compiled when first asked for: a process that only generates never needs them. */
  @Override
  public EncoderOperations encoders() {
    checkThread();
    TorchEncoderOperations operations = encoderOperations;
    if (operations == null) {
      operations = new TorchEncoderOperations(this, manager, lasting, threads);
      encoderOperations = operations;
    }
    return operations;
  }

  /** See {@link EncoderOperations#advance}. */
  List<Tensor> advance(List<Tensor> state, UnaryOperator<List<Tensor>> layer) {
    TorchLanes.Seat seat = seat();
    TorchArena outer = step();
    List<Tensor> result;
    try (TorchArena inner = newArena()) {
      seat.workspace = inner;
      result = layer.apply(state);
      for (Tensor tensor : result) {
        if (inner.giveUp(value(tensor))) {
          outer.keep(value(tensor));
        }
      }
    } finally {
      seat.workspace = outer;
    }
    for (Tensor tensor : state) {
      if (!result.contains(tensor) && outer.giveUp(value(tensor))) {
        value(tensor).close();
      }
    }
    return result;
  }

  /** Memory that lives until its owner closes it. */
  TorchArena newArena() {
    checkThread();
    return new TorchArena(live);
  }

  /** The current step's memory, on the right thread. */
  TorchArena step() {
    TorchArena workspace = seat().workspace;
    if (workspace == null) {
      throw new IllegalStateException("operations need an open workspace");
    }
    return workspace;
  }

  void checkThread() {
    seat();
  }

  /**
   * libtorch keeps its thread count and executor mode per calling thread, so the first use sets
   * them, and a second thread that is no lane is an error rather than a slow surprise.
   */
  private TorchLanes.Seat seat() {
    TorchLanes.@Nullable Seat lane = TorchLanes.Lane.seatIn(this);
    if (lane != null) {
      return lane;
    }
    Thread current = Thread.currentThread();
    if (owner.compareAndSet(null, current)) {
      TorchLanes.useProcessors(threads);
    } else if (owner.get() != current) {
      throw new IllegalStateException(
          "this backend belongs to " + owner.get() + " and was called from " + current);
    }
    return ownersSeat;
  }

  private static IValue value(Tensor tensor) {
    return ((TorchTensor) tensor).value();
  }

  static Tensor like(Tensor x, TorchArena arena, IValue value) {
    return arena.tensor(value, x.dtype(), x.shape());
  }

  @Override
  public void close() {
    TorchArena workspace = ownersSeat.workspace;
    if (workspace != null) {
      workspace.close();
    }
    lasting.close();
    weightScript.close();
    layers.close();
    attention.close();
    if (encoderOperations != null) {
      encoderOperations.close();
    }
    manager.close();
  }
}
