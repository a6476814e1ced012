package dev.quern.engine.generate;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.generate.Inbox.FinishOrder;
import dev.quern.engine.model.CausalModel;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.KvCache;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One model's steps: schedule, run, draw, publish. Where the backend draws ahead, a step is queued
 * before the last one's tokens are read, so that the device never waits for the host. Everything
 * here happens on the device's thread; other threads speak to it through the {@link Inbox} and read
 * {@link #snapshot}.
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

  private final String name;
  private final Backend backend;
  private final CausalModel model;
  private final Inbox inbox;
  private final List<StepListener> stepListeners;
  private final BlockManager blocks;
  private final Scheduler scheduler;
  private final Publisher publisher;
  private final StepRunner runner;
  private final StepReader reader = new StepReader();

  /** Steps that the backend was given and that have not been read; at most two, the first first. */
  private final Deque<QueuedStep> queued = new ArrayDeque<>(2);

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
    this.publisher = new Publisher(name, scheduler, inbox);
    this.runner = new StepRunner(backend, model);
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
    boolean work = false;
    try {
      work = advance(begin);
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      recover(e);
    }
    snapshot = currentSnapshot();
    return work || !queued.isEmpty() || scheduler.waiting() > 0;
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
    dropQueued();
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

  /** Queues the next step, then reads the one before; returns whether there was either. */
  private boolean advance(long begin) {
    boolean ahead = !queued.isEmpty();
    StepPlan plan = ahead ? scheduler.scheduleAhead(begin) : scheduler.schedule(begin);
    publisher.announce(plan);
    plan.dropEnded();
    int unread = 0;
    if (!plan.isEmpty()) {
      QueuedStep step = runner.queue(plan, heldCache(), queued.peekLast(), begin);
      queued.add(step);
      scheduler.queued(plan, step.rows());
      unread = step.readFirst() ? 0 : 1;
    }
    while (queued.size() > unread) {
      settle(queued.getFirst());
    }
    return ahead || !plan.isEmpty();
  }

  /** Reads the first of the queued steps and publishes its tokens. */
  private void settle(QueuedStep step) {
    long begin = System.nanoTime();
    List<StepOutcome> outcomes = reader.read(step);
    queued.removeFirst();
    step.drawn().close();
    scheduler.completed(step);
    long read = System.nanoTime();
    for (StepOutcome outcome : outcomes) {
      publisher.publish(outcome, read);
    }
    steps++;
    failuresInRow = 0;
    report(step, read - begin, System.nanoTime() - read);
  }

  /** Forgets what is queued; its tokens are never read. */
  private void dropQueued() {
    for (QueuedStep step = queued.pollFirst(); step != null; step = queued.pollFirst()) {
      scheduler.release(step);
      step.drawn().close();
    }
  }

  private void recover(Throwable cause) {
    engineFailures++;
    failuresInRow++;
    dropQueued();
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

  private void report(QueuedStep step, long read, long publish) {
    if (stepListeners.isEmpty()) {
      return;
    }
    QueuedStep.Costs costs = step.costs();
    var report =
        new StepListener.StepReport(
            step.plan().chunks.size(),
            step.plan().tokens(),
            costs.schedule(),
            costs.run(),
            costs.draw() + read,
            publish);
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
        engineFailures,
        !dead && failuresInRow < UNHEALTHY_AFTER);
  }
}
