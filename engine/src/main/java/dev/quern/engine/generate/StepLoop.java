package dev.quern.engine.generate;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.generate.Inbox.FinishOrder;
import dev.quern.engine.model.PassAbandonedException;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.function.Predicate;

/**
 * One model's steps: schedule, run, sample, publish. Everything here happens on the device's
 * thread; other threads speak to it through the {@link Inbox} and read {@link #snapshot}.
 *
 * <p>What a step that fails costs is {@link StepRecovery}'s; the loop goes on.
 */
final class StepLoop implements DeviceThread.Work {
  /** Most logits of scored prompt rows in one step: 128 MiB in fp32. */
  private static final int MOST_SCORED_LOGITS = 1 << 25;

  private static final int[] NO_TOKENS = {};
  private static final float[] NO_LOGITS = {};

  private final ResidentModel resident;
  private final Inbox inbox;
  private final List<StepListener> stepListeners;
  private final BlockManager blocks;
  private final Scheduler scheduler;
  private final RelayYield relayYield;
  private final Publisher publisher;
  private final BatchBuilder builder = new BatchBuilder();
  private final Sampler sampler;
  private final StepRecovery recovery;

  private long steps;
  private volatile boolean dead;
  private volatile EngineSnapshot snapshot;

  /**
   * A loop that nobody gives turns yet.
   *
   * @param losesDevice whether what a step threw has cost the device
   */
  StepLoop(
      ResidentModel resident,
      KvBudget budget,
      EngineSettings settings,
      Inbox inbox,
      List<StepListener> stepListeners,
      Predicate<Throwable> losesDevice) {
    this.resident = resident;
    this.inbox = inbox;
    this.stepListeners = stepListeners;
    int fairShare = Math.max(1, budget.blocks() / settings.maxNumSequences());
    this.blocks = new BlockManager(budget.blocks(), fairShare);
    int vocabulary = resident.model().vocabularySize();
    this.scheduler =
        new Scheduler(
            blocks,
            new SchedulerLimits(
                settings.maxNumSequences(),
                settings.maxNumBatchedTokens(),
                Math.max(1, MOST_SCORED_LOGITS / vocabulary)));
    this.relayYield = new RelayYield(inbox::ownRequestWaits);
    this.publisher = new Publisher(settings.name(), scheduler, inbox);
    this.sampler = new Sampler(vocabulary);
    this.recovery =
        new StepRecovery(settings.name(), resident, scheduler, blocks, publisher, losesDevice);
    this.snapshot = currentSnapshot();
  }

  /** As of the end of the last step. */
  EngineSnapshot snapshot() {
    return snapshot;
  }

  /** Whether it has ended by itself; then there is nothing left to close. */
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
        recovery.stepWorked();
      } catch (PassAbandonedException e) {
        relayYield.abandoned();
      } catch (VirtualMachineError e) {
        throw e;
      } catch (Throwable e) {
        recovery.stepFailed(e);
      }
    }
    snapshot = currentSnapshot();
    return work || scheduler.waiting() > 0;
  }

  @Override
  public void abandon(Throwable fatal) {
    end("the engine has died; restart the server", "the engine has died: " + fatal, fatal);
    close();
  }

  @Override
  public void lose(QuernException error) {
    recovery.lose(error);
    snapshot = currentSnapshot();
  }

  @Override
  public void restore(Backend backend) {
    resident.restore(backend);
    recovery.restored();
    snapshot = currentSnapshot();
  }

  @Override
  public void stop(QuernException because) {
    end("the model is " + because.message() + "; restart the server", because.message(), because);
  }

  /** Refuses new requests with {@code refusal} and fails all others. */
  private void end(String refusal, String reason, Throwable cause) {
    dead = true;
    recovery.end(reason);
    // A public name may hide the model's: it is not said here, the log has it.
    inbox.close(refusal);
    QuernException error = new QuernException(ErrorCategory.UNAVAILABLE, refusal, cause);
    failWaiting(error);
    scheduler.runningSequences().forEach(sequence -> publisher.fail(sequence, error));
    scheduler.waitingSequences().forEach(sequence -> publisher.fail(sequence, error));
    snapshot = currentSnapshot();
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
    resident.close();
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
    Backend backend = resident.backend();
    KvCache slab = resident.cache();
    int[] greedy = NO_TOKENS;
    float[] logits = NO_LOGITS;
    try (Workspace _ = backend.openWorkspace()) {
      Tensor rows = resident.model().forward(batch, slab, relayYield.guard(plan));
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
        recovery.failures(),
        recovery.fault());
  }
}
