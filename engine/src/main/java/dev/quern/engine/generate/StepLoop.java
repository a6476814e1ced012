package dev.quern.engine.generate;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.generate.Inbox.FinishOrder;
import dev.quern.engine.model.PassAbandonedException;
import dev.quern.engine.tensor.Backend;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One model's steps: schedule, run, draw, publish. Where the backend draws ahead, a step is queued
 * before the last one's tokens are read, so that the device never waits for the host. Everything
 * here happens on the device's thread; other threads speak to it through the {@link Inbox} and read
 * {@link #snapshot}.
 *
 * <p>What a step that fails costs is {@link StepRecovery}'s; the loop goes on.
 */
final class StepLoop implements DeviceThread.Work {
  private static final Logger log = LoggerFactory.getLogger(StepLoop.class);

  private final ResidentModel resident;
  private final Inbox inbox;
  private final List<StepListener> stepListeners;
  private final BlockManager blocks;
  private final Scheduler scheduler;
  private final RelayYield relayYield;
  private final Publisher publisher;
  private final StepRecovery recovery;
  private final StepRunner runner;
  private final StepReader reader = new StepReader();

  /** Steps that the backend was given and that have not been read; at most two, the first first. */
  private final Deque<QueuedStep> queued = new ArrayDeque<>(2);

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
    this.scheduler = new Scheduler(blocks, SchedulerLimits.of(settings, vocabulary));
    this.relayYield = new RelayYield(inbox::ownRequestWaits);
    this.publisher = new Publisher(settings.name(), scheduler, inbox);
    this.recovery =
        new StepRecovery(settings.name(), resident, scheduler, blocks, publisher, losesDevice);
    this.runner = new StepRunner(resident);
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
    boolean work = true;
    try {
      work = advance(begin);
    } catch (PassAbandonedException e) {
      relayYield.abandoned();
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      dropQueued();
      recovery.stepFailed(e);
    }
    snapshot = currentSnapshot();
    return work || !queued.isEmpty() || scheduler.waiting() > 0;
  }

  @Override
  public void abandon(Throwable fatal) {
    end("the engine has died; restart the server", "the engine has died: " + fatal, fatal);
    close();
  }

  @Override
  public void lose(QuernException error) {
    dropQueued();
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
    dropQueued();
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

  /** Queues the next step, then reads the one before; returns whether there was either. */
  private boolean advance(long begin) {
    boolean ahead = !queued.isEmpty();
    StepPlan plan = ahead ? scheduler.scheduleAhead(begin) : scheduler.schedule(begin);
    publisher.announce(plan);
    plan.dropEnded();
    int unread = 0;
    if (!plan.isEmpty()) {
      QueuedStep step = runner.queue(plan, queued.peekLast(), relayYield.guard(plan), begin);
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
    relayYield.completed(step.plan());
    recovery.stepWorked();
    report(step, read - begin, System.nanoTime() - read);
  }

  /** Forgets what is queued; its tokens are never read. */
  private void dropQueued() {
    for (QueuedStep step = queued.pollFirst(); step != null; step = queued.pollFirst()) {
      scheduler.release(step);
      try {
        step.drawn().close();
      } catch (RuntimeException e) {
        // A lost device frees nothing; what it held goes with it.
        log.debug("dropping a queued step", e);
      }
    }
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
