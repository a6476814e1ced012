package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaException;
import dev.quern.cuda.CudaGraph;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.ForwardPass;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs decode batches, padded to a {@link DecodeShape}, as graphs: one launch for a whole pass.
 *
 * <p>The first batch of a shape runs launch by launch, which loads what the driver loads lazily,
 * lets cuBLASLt choose its algorithms and takes all memory, so that recording, at the second,
 * allocates and waits for nothing. The numbers are the same bits in all three ways, since the
 * launches are.
 *
 * <p>A graph's addresses are frozen. A step takes its memory from the front of the same arenas
 * every time, so that graphs share that memory with each other and with all other steps; what
 * changes from batch to batch is the first thing taken, and written before the launch. When the
 * arenas move, all graphs are forgotten and recorded anew. A graph is also forgotten with its cache
 * or weights, or when {@value #MOST_SHAPES} other shapes have been used since it was.
 *
 * <p>A recording that fails, or a graph that cannot be launched, is no fault of the batch: it runs
 * launch by launch, as all do from then on, and the log says why. Where the device is lost, that is
 * thrown.
 */
final class DecodeGraphs implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DecodeGraphs.class);

  /** A server meets about ten sizes in three or four contexts. */
  private static final int MOST_SHAPES = 64;

  private final CudaSession session;
  private final BatchUploads batches;
  private final CudaStream stream;
  private final PassCounts counts;
  private final Map<Key, Recording> recordings = new LinkedHashMap<>(16, 0.75f, true);
  private boolean records;
  private long moves;

  /**
   * Graphs of what is queued in {@code session}.
   *
   * @param records whether there are to be any; else all runs launch by launch, with the same
   *     numbers
   */
  DecodeGraphs(CudaSession session, BatchUploads batches, PassCounts counts, boolean records) {
    this.session = session;
    this.batches = batches;
    this.stream = session.stream();
    this.counts = counts;
    this.records = records;
  }

  /** A pass over a cache in one shape. Passes and caches are told apart as objects. */
  private record Key(ForwardPass pass, CudaKvCache cache, DecodeShape shape) {}

  /** What a key's next batch finds: at first no graph, but everything a recording needs. */
  private static final class Recording {
    @Nullable Graph graph;
  }

  /**
   * A recorded pass.
   *
   * @param tokenIds where it reads the first of what changes
   * @param logits what it leaves, of all rows
   * @param bytes of the step's memory behind the batch, up to the end of {@code logits}
   */
  private record Graph(
      CudaGraph launchable, DeviceBuffer tokenIds, CudaTensor logits, long bytes) {}

  /**
   * Runs {@code pass} over a batch of the given shape.
   *
   * @return the logits of the batch's rows
   */
  CudaTensor run(ForwardBatch batch, DecodeShape shape, CudaKvCache cache, ForwardPass pass) {
    StepMemory memory = session.stepMemory();
    boolean graphs = records && memory.isUntouched();
    CudaBatch padded = batches.bring(batch, shape, cache.shape().blockSize());
    CudaTensor logits =
        graphs ? byGraph(new Key(pass, cache, shape), padded) : byKernels(pass, padded, cache);
    return logits.first(batch.tokens());
  }

  private CudaTensor byKernels(ForwardPass pass, CudaBatch batch, CudaKvCache cache) {
    counts.kernels.increment();
    return CudaTensor.of(pass.forward(batch, cache));
  }

  private CudaTensor byGraph(Key key, CudaBatch batch) {
    forgetMoved();
    Recording recording = recordings.get(key);
    if (recording == null) {
      CudaTensor logits = byKernels(key.pass(), batch, key.cache());
      remember(key);
      return logits;
    }
    long mark = session.stepMemory().usedBytes();
    try {
      return recording.graph == null
          ? record(recording, key, batch, mark)
          : replay(recording.graph, batch);
    } catch (CudaException | QuernException e) {
      refuse(e);
      session.stepMemory().resetTo(mark);
      return byKernels(key.pass(), batch, key.cache());
    }
  }

  private CudaTensor record(Recording recording, Key key, CudaBatch batch, long mark) {
    CudaTensor[] logits = new CudaTensor[1];
    CudaGraph launchable =
        stream.capture(() -> logits[0] = CudaTensor.of(key.pass().forward(batch, key.cache())));
    long bytes = session.stepMemory().usedBytes() - mark;
    recording.graph = new Graph(launchable, batch.tokenIds().buffer(), logits[0], bytes);
    stream.launch(launchable);
    counts.recorded.increment();
    return logits[0];
  }

  private CudaTensor replay(Graph graph, CudaBatch batch) {
    if (!graph.tokenIds().equals(batch.tokenIds().buffer())) {
      throw new IllegalStateException("a batch has moved and its graph has not been told");
    }
    // What the pass took while it was recorded: nobody else gets it.
    session.buffer(graph.bytes());
    stream.launch(graph.launchable());
    counts.replayed.increment();
    return graph.logits();
  }

  /** Goes on without graphs, unless {@code failure} is not about them. */
  private void refuse(RuntimeException failure) {
    CudaException cause = CudaErrors.cause(failure);
    if (cause == null) {
      throw failure;
    }
    if (cause.losesContext()) {
      throw failure instanceof QuernException
          ? failure
          : new QuernException(
              ErrorCategory.INTERNAL,
              "CUDA failed in a graph of a decode step: " + cause.getMessage(),
              cause);
    }
    records = false;
    log.warn(
        "cuda:{}: decode steps are not run as graphs any more, until the device is opened again;"
            + " they cost more time of the host ({})",
        session.device().ordinal(),
        failure.getMessage());
    forgetAll();
  }

  private void remember(Key key) {
    recordings.put(key, new Recording());
    if (recordings.size() > MOST_SHAPES) {
      Iterator<Recording> leastRecent = recordings.values().iterator();
      close(List.of(leastRecent.next()));
      leastRecent.remove();
    }
  }

  /** Forgets everything when addresses hold no longer; then memory may have to be taken again. */
  private void forgetMoved() {
    if (moves != session.moves()) {
      moves = session.moves();
      forgetAll();
    }
  }

  /** A cache is closed, and what was recorded over it. */
  void forget(CudaKvCache cache) {
    List<Recording> forgotten = new ArrayList<>();
    recordings
        .entrySet()
        .removeIf(entry -> entry.getKey().cache().equals(cache) && forgotten.add(entry.getValue()));
    close(forgotten);
  }

  /** Weights are closed. Whose they are is not known here, so all graphs go. */
  void forgetAll() {
    List<Recording> all = List.copyOf(recordings.values());
    recordings.clear();
    close(all);
  }

  private static void close(Iterable<Recording> recordings) {
    List<CudaGraph> graphs = new ArrayList<>();
    for (Recording recording : recordings) {
      Graph graph = recording.graph;
      if (graph != null) {
        recording.graph = null;
        graphs.add(graph.launchable());
      }
    }
    CudaErrors.close(graphs);
  }

  @Override
  public void close() {
    forgetAll();
  }
}
