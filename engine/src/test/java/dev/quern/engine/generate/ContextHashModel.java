package dev.quern.engine.generate;

import dev.quern.engine.model.CausalModel;
import dev.quern.engine.model.PassAbandonedException;
import dev.quern.engine.model.PassGuard;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.tensor.Tensor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A model whose logits are a hash of the whole context, read back from the cache through the block
 * table: one wrong slot, block or position anywhere before changes every token after.
 */
final class ContextHashModel implements CausalModel {
  static final int VOCABULARY = 64;

  final AtomicInteger forwards = new AtomicInteger();
  volatile boolean closed;
  private final int context;

  /** Runs before each step, on the step thread; may hold it up or throw. */
  private volatile Consumer<ForwardBatch> before = batch -> {};

  ContextHashModel(int context) {
    this.context = context;
  }

  void before(Consumer<ForwardBatch> action) {
    before = action;
  }

  @Override
  public String architecture() {
    return "ContextHash";
  }

  @Override
  public int vocabularySize() {
    return VOCABULARY;
  }

  @Override
  public int maxContextLength() {
    return context;
  }

  @Override
  public DType dtype() {
    return DType.F32;
  }

  @Override
  public long parameters() {
    return 0;
  }

  @Override
  public MemoryUse memoryUse() {
    return MemoryUse.NONE;
  }

  @Override
  public KvCacheShape kvCacheShape(int blockSize) {
    return new KvCacheShape(1, 1, 1, DType.F32, blockSize);
  }

  @Override
  public Tensor forward(ForwardBatch batch, KvCache cache, PassGuard guard) {
    forwards.incrementAndGet();
    before.accept(batch);
    HostBackend.TokenCache tokens = (HostBackend.TokenCache) cache;
    if (!guard.goesOn()) {
      // As when some layers had run: what is behind the computed tokens is of no worth.
      for (int slot : batch.slots()) {
        tokens.slots[slot] = VOCABULARY + 1;
      }
      throw new PassAbandonedException();
    }
    ForwardBatch uploaded = uploaded(batch);
    return tokens
        .backend()
        .later(batch.logitRows().length, VOCABULARY, () -> logits(uploaded, tokens));
  }

  /** The batch without the tables that go on changing. */
  private static ForwardBatch uploaded(ForwardBatch batch) {
    int[][] tables = batch.blockTables().clone();
    for (int s = 0; s < tables.length; s++) {
      tables[s] = tables[s].clone();
    }
    return new ForwardBatch(
        batch.tokenIds(),
        batch.positions(),
        batch.slots(),
        batch.queryStarts(),
        batch.contextLengths(),
        tables,
        batch.logitRows(),
        batch.drawn());
  }

  private static int token(ForwardBatch batch, int i) {
    int id = batch.tokenIds()[i];
    if (id >= 0) {
      return id;
    }
    HostBackend.HostDraw drawn = (HostBackend.HostDraw) batch.drawn();
    if (drawn == null) {
      throw new IllegalStateException("a token of no draw");
    }
    return drawn.token(-id - 1);
  }

  private static float[] logits(ForwardBatch batch, HostBackend.TokenCache cache) {
    int[] slots = cache.slots;
    for (int i = 0; i < batch.tokens(); i++) {
      slots[batch.slots()[i]] = token(batch, i);
    }
    float[] logits = new float[batch.logitRows().length * VOCABULARY];
    int sequence = 0;
    for (int r = 0; r < batch.logitRows().length; r++) {
      int row = batch.logitRows()[r];
      while (batch.queryStarts()[sequence + 1] <= row) {
        sequence++;
      }
      int size = cache.shape().blockSize();
      long hash = 1;
      for (int p = 0; p <= batch.positions()[row]; p++) {
        int token = slots[batch.blockTables()[sequence][p / size] * size + p % size];
        hash = (hash * 31 + token + 1) * 0x9E3779B97F4A7C15L;
        hash ^= hash >>> 29;
      }
      for (int token = 0; token < VOCABULARY; token++) {
        logits[r * VOCABULARY + token] = (float) (6 * CounterRandom.uniform(hash, token));
      }
    }
    return logits;
  }

  @Override
  public void close() {
    closed = true;
  }
}
