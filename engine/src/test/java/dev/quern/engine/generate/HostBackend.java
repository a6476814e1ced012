package dev.quern.engine.generate;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.DeviceBatch;
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
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The part of a backend that the step loop itself uses, on Java arrays: caches of token ids,
 * logits, their largest. For {@link ContextHashModel}, which needs no other operation.
 */
final class HostBackend implements Backend {
  final AtomicInteger openCaches = new AtomicInteger();
  final AtomicInteger cachesMade = new AtomicInteger();
  volatile boolean closed;

  /** Logits on the host. */
  record HostTensor(float[] values, int rows, int columns) implements Tensor {
    @Override
    public DType dtype() {
      return DType.F32;
    }

    @Override
    public long[] shape() {
      return new long[] {rows, columns};
    }
  }

  /** One token id a slot; -1 where nothing was written. */
  final class TokenCache implements KvCache {
    final int[] slots;
    private final KvCacheShape shape;
    private final int blocks;

    TokenCache(KvCacheShape shape, int blocks) {
      this.shape = shape;
      this.blocks = blocks;
      this.slots = new int[blocks * shape.blockSize()];
      Arrays.fill(slots, -1);
      openCaches.incrementAndGet();
      cachesMade.incrementAndGet();
    }

    @Override
    public KvCacheShape shape() {
      return shape;
    }

    @Override
    public int blocks() {
      return blocks;
    }

    @Override
    public void close() {
      openCaches.decrementAndGet();
    }
  }

  @Override
  public String name() {
    return "host";
  }

  @Override
  public long freeMemoryBytes() {
    return 1 << 30;
  }

  @Override
  public KvCache kvCache(KvCacheShape shape, int blocks) {
    return new TokenCache(shape, blocks);
  }

  @Override
  public Workspace openWorkspace() {
    return () -> {};
  }

  @Override
  public int[] argmax(Tensor logits) {
    HostTensor host = (HostTensor) logits;
    int[] best = new int[host.rows];
    for (int row = 0; row < host.rows; row++) {
      int start = row * host.columns;
      for (int i = 0; i < host.columns; i++) {
        if (Float.isNaN(host.values[start + i])) {
          best[row] = -1;
          break;
        }
        if (host.values[start + i] > host.values[start + best[row]]) {
          best[row] = i;
        }
      }
    }
    return best;
  }

  @Override
  public EncoderOperations encoders() {
    throw new UnsupportedOperationException();
  }

  @Override
  public float[] toHost(Tensor x) {
    return ((HostTensor) x).values;
  }

  @Override
  public void close() {
    closed = true;
  }

  @Override
  public WeightLoader weights(DType dtype) {
    throw new UnsupportedOperationException();
  }

  @Override
  public RopeTable ropeTable(float[][] cosines, float[][] sines) {
    throw new UnsupportedOperationException();
  }

  @Override
  public DeviceBatch upload(ForwardBatch batch) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor embedding(Tensor table, Tensor ids) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor linear(Tensor x, LinearWeight weight) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor add(Tensor a, Tensor b) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor scale(Tensor x, float factor) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor rmsNorm(Tensor x, Tensor weight, float epsilon) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Residual addRmsNorm(Tensor residual, Tensor x, Tensor weight, float epsilon) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor gated(Tensor gateUp, Activation activation) {
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor pagedAttention(
      Tensor queries,
      HeadLayout heads,
      AttentionOptions options,
      KvCache cache,
      int layer,
      DeviceBatch batch) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor experts(
      Tensor x,
      Tensor routerLogits,
      ExpertWeights experts,
      int topK,
      boolean normalise,
      Activation activation) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor rows(Tensor x, Tensor rows) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Tensor softCap(Tensor x, float cap) {
    throw new UnsupportedOperationException();
  }
}
