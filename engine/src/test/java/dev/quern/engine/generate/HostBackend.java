package dev.quern.engine.generate;

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
import dev.quern.engine.tensor.TokenScores;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.Workspace;
import dev.quern.engine.tensor.sampling.HostSampler;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The part of a backend that the step loop itself uses, on Java arrays: caches of token ids,
 * logits, draws. For {@link ContextHashModel}, which needs no other operation.
 *
 * <p>One that draws ahead computes as late as it may: nothing runs before somebody waits for it,
 * and then all that was queued before.
 */
final class HostBackend implements Backend {
  final AtomicInteger openCaches = new AtomicInteger();
  final AtomicInteger cachesMade = new AtomicInteger();
  final AtomicInteger openDraws = new AtomicInteger();

  /** {@code queue n} and {@code read n} in the order of the calls, n from 1. */
  final List<String> events = new CopyOnWriteArrayList<>();

  volatile boolean closed;
  private final boolean ahead;
  private final HostSampler sampler = new HostSampler();
  private final Deque<Runnable> stream = new ArrayDeque<>();
  private int draws;
  private @Nullable RuntimeException nextFailure;

  /** One that computes at once. */
  HostBackend() {
    this(/* ahead= */ false);
  }

  HostBackend(boolean ahead) {
    this.ahead = ahead;
  }

  /** Logits on the host; there once what was queued before has run. */
  static final class HostTensor implements Tensor {
    private final int rows;
    private final int columns;
    private float @Nullable [] values;
    private @Nullable RuntimeException failure;

    HostTensor(int rows, int columns) {
      this.rows = rows;
      this.columns = columns;
    }

    float[] values() {
      if (failure != null) {
        throw failure;
      }
      if (values == null) {
        throw new IllegalStateException("a tensor is read before it is computed");
      }
      return values;
    }

    @Override
    public DType dtype() {
      return DType.F32;
    }

    @Override
    public long[] shape() {
      return new long[] {rows, columns};
    }
  }

  /** Tokens that are there once somebody has waited for them. */
  final class HostDraw implements DrawnTokens {
    private final int number = ++draws;
    private @Nullable DrawnTokens outcome;
    private @Nullable RuntimeException failure;
    private boolean read;
    private boolean open = true;

    HostDraw() {
      openDraws.incrementAndGet();
    }

    private void compute(HostTensor logits, Draws wanted) {
      if (nextFailure != null) {
        RuntimeException injected = nextFailure;
        nextFailure = null;
        throw injected;
      }
      outcome = sampler.draw(HostBackend.this, logits, wanted);
    }

    /** The token of a row, as the device takes it: after all that was queued before has run. */
    int token(int row) {
      return Math.max(0, outcome().ids()[row]);
    }

    private DrawnTokens outcome() {
      if (failure != null) {
        throw failure;
      }
      if (outcome == null) {
        throw new IllegalStateException("tokens are taken before they are drawn");
      }
      return outcome;
    }

    @Override
    public int[] ids() {
      if (!open) {
        throw new IllegalStateException("tokens are read after their place was given up");
      }
      if (!read) {
        events.add("read " + number);
        read = true;
      }
      while (outcome == null && failure == null) {
        stream.removeFirst().run();
      }
      return outcome().ids();
    }

    @Override
    public TokenScores scores(int row) {
      return outcome().scores(row);
    }

    @Override
    public void close() {
      if (!open) {
        throw new IllegalStateException("closed twice");
      }
      open = false;
      openDraws.decrementAndGet();
    }
  }

  /** The next draw fails when it is computed. */
  void failNext(RuntimeException failure) {
    nextFailure = failure;
  }

  /** A tensor of what {@code compute} gives, when its turn comes. */
  HostTensor later(int rows, int columns, Supplier<float[]> compute) {
    HostTensor tensor = new HostTensor(rows, columns);
    queue(
        () -> {
          try {
            tensor.values = compute.get();
          } catch (RuntimeException e) {
            tensor.failure = e;
          }
        });
    return tensor;
  }

  private void queue(Runnable work) {
    stream.add(work);
    if (!ahead) {
      runAll();
    }
  }

  private void runAll() {
    for (Runnable work = stream.pollFirst(); work != null; work = stream.pollFirst()) {
      work.run();
    }
  }

  @Override
  public boolean drawsAhead() {
    return ahead;
  }

  @Override
  public DrawnTokens draw(Tensor logits, Draws wanted) {
    HostDraw draw = new HostDraw();
    events.add("queue " + draw.number);
    queue(
        () -> {
          try {
            draw.compute((HostTensor) logits, wanted);
          } catch (RuntimeException e) {
            draw.failure = e;
          }
        });
    return draw;
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

    HostBackend backend() {
      return HostBackend.this;
    }

    @Override
    public void close() {
      runAll();
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
        if (Float.isNaN(host.values()[start + i])) {
          best[row] = -1;
          break;
        }
        if (host.values()[start + i] > host.values()[start + best[row]]) {
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
    return ((HostTensor) x).values();
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
