package dev.quern.engine.generate;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.generate.Inbox.FinishOrder;
import dev.quern.engine.model.CausalModel;
import dev.quern.engine.model.PassAbandonedException;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One model's steps: schedule, run, sample, publish. Everything here happens on the device's
 * thread; other threads speak to it through the {@link Inbox} and read {@link #snapshot}.
 *
 * <p>A step that fails costs the requests in it and the content of the cache, nothing else: the
 * cache is taken anew and the loop goes on.
 */
final class StepLoop implements DeviceThread.Work {
  private static final Logger log = LoggerFactory.getLogger(StepLoop.class);

  /** So many failed steps in a row are no accident. */
  private static final int UNHEALTHY_AFTER = 3;

  /** Most logits of scored prompt rows in one step: 128 MiB in fp32. */
  private static final int MOST_SCORED_LOGITS = 1 << 25;

  private static final int[] NO_TOKENS = {};
  private static final float[] NO_LOGITS = {};

  private final String name;
  private final Backend backend;
  private final CausalModel model;
  private final Inbox inbox;
  private final List<StepListener> stepListeners;
  private final BlockManager blocks;
  private final Scheduler scheduler;
  private final RelayYield relayYield;
  private final Publisher publisher;
  private final BatchBuilder builder = new BatchBuilder();
  private final Sampler sampler;

  private @Nullable KvCache cache;
  private long steps;
  private long engineFailures;
  private int failuresInRow;
  private volatile boolean dead;
  private volatile EngineSnapshot snapshot;

  StepLoop(
      String name,
      Backend backend,
      CausalModel model,
      KvBudget budget,
      EngineSettings settings,
      Inbox inbox,
      List<StepListener> stepListeners) {
    this.name = name;
    this.backend = backend;
    this.model = model;
    this.inbox = inbox;
    this.stepListeners = stepListeners;
    int fairShare = Math.max(1, budget.blocks() / settings.maxNumSequences());
    this.blocks = new BlockManager(budget.blocks(), fairShare);
    int vocabulary = model.vocabularySize();
    this.scheduler =
        new Scheduler(
            blocks,
            new SchedulerLimits(
                settings.maxNumSequences(),
                settings.maxNumBatchedTokens(),
                Math.max(1, MOST_SCORED_LOGITS / vocabulary)));
    this.relayYield = new RelayYield(inbox::ownRequestWaits);
    this.publisher = new Publisher(name, scheduler, inbox);
    this.sampler = new Sampler(vocabulary);
    this.cache = takeCache();
    this.snapshot = currentSnapshot();
  }

  /** As of the end of the last step. */
  EngineSnapshot snapshot() {
    return snapshot;
  }

  /** Whether the device's thread has died; then there is nothing left to close. */
  boolean isDead() {
    return dead;
  }

  @Override
  public boolean step(long othersNanos) {
    long begin = System.nanoTime();
    takeSubmitted();
    takeOrders();
    StepPlan plan = scheduler.schedule(begin);
    publisher.announce(plan);
    plan.dropEnded();
    boolean work = !plan.sequences.isEmpty();
    if (work) {
      try {
        runStep(plan, begin);
        steps++;
        failuresInRow = 0;
      } catch (PassAbandonedException e) {
        relayYield.abandoned();
      } catch (VirtualMachineError e) {
        throw e;
      } catch (Throwable e) {
        recover(e);
      }
    }
    snapshot = currentSnapshot();
    return work || scheduler.waiting() > 0;
  }

  @Override
  public void abandon(Throwable fatal) {
    dead = true;
    // A public name may hide this one: the log has it.
    inbox.close("the engine has died; restart the server");
    QuernException error =
        new QuernException(ErrorCategory.UNAVAILABLE, "the engine has died: " + fatal, fatal);
    failWaiting(error);
    scheduler.runningSequences().forEach(sequence -> publisher.fail(sequence, error));
    scheduler.waitingSequences().forEach(sequence -> publisher.fail(sequence, error));
    snapshot = currentSnapshot();
    close();
  }

  /** Fails everything that never got a step. */
  void failWaiting(QuernException error) {
    takeSubmitted();
    takeOrders();
    for (Sequence sequence : scheduler.waitingSequences()) {
      if (!sequence.started) {
        publisher.fail(sequence, error);
      }
    }
    snapshot = currentSnapshot();
  }

  void relayShare(RelayShare share) {
    scheduler.relayShare(share);
  }

  void cancelAll() {
    takeSubmitted();
    takeOrders();
    scheduler.waitingSequences().forEach(s -> publisher.finish(s, FinishReason.CANCELLED));
    scheduler.runningSequences().forEach(s -> publisher.finish(s, FinishReason.CANCELLED));
    snapshot = currentSnapshot();
  }

  /** Frees cache and weights. */
  void close() {
    closeCache();
    model.close();
  }

  private void takeSubmitted() {
    for (Sequence s = inbox.pollSubmitted(); s != null; s = inbox.pollSubmitted()) {
      if (s.state == Sequence.State.NEW) {
        scheduler.add(s);
      }
    }
  }

  private void takeOrders() {
    for (FinishOrder o = inbox.pollOrder(); o != null; o = inbox.pollOrder()) {
      if (o.sequence().state != Sequence.State.ENDED) {
        publisher.finish(o.sequence(), o.reason());
      }
    }
  }

  private void runStep(StepPlan plan, long begin) {
    ForwardBatch batch = builder.build(plan);
    long built = System.nanoTime();
    KvCache slab = heldCache();
    int[] greedy = NO_TOKENS;
    float[] logits = NO_LOGITS;
    try (Workspace _ = backend.openWorkspace()) {
      Tensor rows = model.forward(batch, slab, relayYield.guard(plan));
      if (batch.logitRows().length > 0) {
        if (allPlainGreedy(plan)) {
          greedy = backend.argmax(rows);
        } else {
          logits = backend.toHost(rows);
        }
      }
    }
    scheduler.completed(plan);
    relayYield.completed(plan);
    long ran = System.nanoTime();
    for (Sequence sequence : plan.sequences) {
      sample(sequence, greedy, logits);
    }
    long sampled = System.nanoTime();
    for (Sequence sequence : plan.sequences) {
      publisher.publish(sequence, sampled);
    }
    report(plan, built - begin, ran - built, sampled - ran, System.nanoTime() - sampled);
  }

  private static boolean allPlainGreedy(StepPlan plan) {
    for (Sequence sequence : plan.sequences) {
      if (sequence.scoreRows > 0 || (sequence.sampled && !Sampler.isPlainGreedy(sequence))) {
        return false;
      }
    }
    return true;
  }

  /** Sets the sequence's outcome; an error is its own alone. */
  private void sample(Sequence sequence, int[] greedy, float[] logits) {
    sequence.next = null;
    sequence.failure = null;
    try {
      int row = sequence.firstLogitRow;
      for (int i = 0; i < sequence.scoreRows; i++) {
        int token = sequence.tokens()[sequence.promptScores().size() + 1];
        sequence
            .promptScores()
            .add(sampler.score(logits, row++, token, sequence.sampling().promptLogprobs()));
      }
      if (sequence.sampled) {
        sequence.next =
            logits.length == 0
                ? Sampler.greedy(greedy[row])
                : sampler.sample(sequence, logits, row);
      }
    } catch (QuernException e) {
      sequence.failure = e;
    }
  }

  private void recover(Throwable cause) {
    engineFailures++;
    failuresInRow++;
    if (cause instanceof QuernException known
        && known.category() == ErrorCategory.OUT_OF_MEMORY
        && shrink(known)) {
      return;
    }
    log.error("{}: a step failed; its requests fail and the KV cache is taken anew", name, cause);
    QuernException error =
        new QuernException(
            ErrorCategory.UNAVAILABLE,
            "the engine failed while this request ran and has been reset; send it again ("
                + cause
                + ")",
            cause);
    scheduler.runningSequences().forEach(sequence -> publisher.fail(sequence, error));
    blocks.reset();
    closeCache();
  }

  /** Makes steps smaller, down to one token a sequence; returns whether that was possible. */
  private boolean shrink(QuernException cause) {
    SchedulerLimits limits = scheduler.limits();
    int tokens = limits.maxNumBatchedTokens() / 2;
    if (tokens < BlockManager.BLOCK_SIZE) {
      return false;
    }
    int sequences = Math.min(limits.maxNumSequences(), tokens);
    log.warn(
        "{}: a step ran out of memory; from now on at most {} tokens of {} sequences a step ({})",
        name,
        tokens,
        sequences,
        cause.message());
    scheduler.shrink(
        new SchedulerLimits(sequences, tokens, Math.max(1, limits.maxScoredRows() / 2)));
    return true;
  }

  private void report(StepPlan plan, long schedule, long run, long sample, long publish) {
    if (stepListeners.isEmpty()) {
      return;
    }
    var report =
        new StepListener.StepReport(
            plan.sequences.size(), plan.tokens, schedule, run, sample, publish);
    for (StepListener listener : stepListeners) {
      listener.onStep(report);
    }
  }

  private KvCache takeCache() {
    return backend.kvCache(model.kvCacheShape(BlockManager.BLOCK_SIZE), blocks.blocks());
  }

  /** The cache, taken anew when a failed step has cost the last one. */
  private KvCache heldCache() {
    KvCache slab = cache;
    if (slab == null) {
      slab = takeCache();
      cache = slab;
    }
    return slab;
  }

  private void closeCache() {
    KvCache slab = cache;
    cache = null;
    if (slab != null) {
      slab.close();
    }
  }

  private EngineSnapshot currentSnapshot() {
    return new EngineSnapshot(
        scheduler.running(),
        scheduler.waiting(),
        blocks.blocks(),
        blocks.usedBlocks(),
        steps,
        publisher.promptTokens(),
        publisher.generationTokens(),
        scheduler.prefixQueryTokens(),
        scheduler.prefixHitTokens(),
        scheduler.preemptions(),
        scheduler.relaysRunning(),
        inbox.relaysWaiting(),
        scheduler.relayPreemptions(),
        relayYield.total(),
        engineFailures,
        !dead && failuresInRow < UNHEALTHY_AFTER);
  }
}
