package dev.quern.engine.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Decides what each step computes: continuous batching (Orca, OSDI 2022) with chunked prefill
 * (Sarathi-Serve, arXiv 2403.02310). There is no prefill or decode phase: each step spends one
 * token budget on sequences whose computed tokens lag behind their known ones, running sequences
 * first. When blocks run out, the worst running sequence gives up its own and is computed again
 * later.
 *
 * <p>Relays take what the operator's own requests leave: they are last in the order, have a share
 * of a step of their own, and are left out of a step while an own prompt is computed, so that its
 * first token comes as if they were not there.
 *
 * <p>A step may be planned while the last one is still queued ({@link #scheduleAhead}). Then a
 * sequence goes on behind a token that is drawn and not known yet, nothing is preempted, and who
 * ends meanwhile keeps its blocks until the queued steps have run.
 *
 * <p>Pure and deterministic: no threads, no clock, no device. The order is (priority, arrival)
 * everywhere, so the best sequence is never held up by a worse one, and within a priority nobody
 * starves.
 */
final class Scheduler {
  private final BlockManager blocks;
  private final TreeSet<Sequence> waiting = new TreeSet<>(Sequence.ORDER);

  /** Best first; every one of them is in every step, but relays while an own prompt is computed. */
  private final List<Sequence> running = new ArrayList<>();

  private SchedulerLimits limits;
  private RelayShare relayShare = RelayShare.ALL;
  private long earliestDeadline = Long.MAX_VALUE;
  private boolean deadlines;

  // Of the plan in the making.
  private StepPlan plan = new StepPlan();
  private int budget;

  /** What is left for relays of the step's tokens. */
  private int relayBudget;

  private int scoredRows;
  private int relaysRunning;
  private long relayPreemptions;
  private long preemptions;
  private long prefixQueryTokens;
  private long prefixHitTokens;

  Scheduler(BlockManager blocks, SchedulerLimits limits) {
    this.blocks = blocks;
    this.limits = limits;
  }

  SchedulerLimits limits() {
    return limits;
  }

  /** From the next step on. */
  void relayShare(RelayShare share) {
    relayShare = share;
  }

  int relaysRunning() {
    return relaysRunning;
  }

  long relayPreemptions() {
    return relayPreemptions;
  }

  int waiting() {
    return waiting.size();
  }

  int running() {
    return running.size();
  }

  long preemptions() {
    return preemptions;
  }

  long prefixQueryTokens() {
    return prefixQueryTokens;
  }

  long prefixHitTokens() {
    return prefixHitTokens;
  }

  /** Takes a new sequence; it must fit the cache alone. */
  void add(Sequence sequence) {
    if (BlockManager.blocksFor(sequence.longestLength()) > blocks.blocks()) {
      throw new IllegalArgumentException("a sequence longer than the KV cache");
    }
    sequence.state = Sequence.State.WAITING;
    waiting.add(sequence);
    if (sequence.request().deadlineNanos().isPresent()) {
      long deadline = sequence.request().deadlineNanos().getAsLong();
      // Differences, not values, of nanoTime compare.
      if (!deadlines || deadline - earliestDeadline < 0) {
        earliestDeadline = deadline;
      }
      deadlines = true;
    }
  }

  /**
   * Ends a sequence, wherever it stands, and frees its blocks as soon as no queued step uses them.
   */
  void remove(Sequence sequence) {
    switch (sequence.state) {
      case WAITING -> waiting.remove(sequence);
      case RUNNING -> leaveRunning(sequence);
      case NEW, ENDED -> {}
    }
    sequence.state = Sequence.State.ENDED;
  }

  /**
   * Plans the next step while none is queued. The plan is empty only when nothing is left to do.
   */
  StepPlan schedule(long nowNanos) {
    begin(nowNanos);
    while (bestIsKeptOut()) {
      preempt(running.getLast());
    }
    boolean ownPrompts = ownPrompts();
    if (continueRunning(ownPrompts, /* ahead= */ false)) {
      admitWaiting(nowNanos, ownPrompts);
    }
    return plan;
  }

  /**
   * Plans the step after one that is queued. The plan is empty where that would take preemption,
   * which needs all tokens known, or where all that runs ends with the tokens drawn already.
   */
  StepPlan scheduleAhead(long nowNanos) {
    begin(nowNanos);
    if (bestIsKeptOut()) {
      return plan;
    }
    boolean ownPrompts = ownPrompts();
    if (continueRunning(ownPrompts, /* ahead= */ true)) {
      admitWaiting(nowNanos, ownPrompts);
    } else {
      plan.chunks.clear();
    }
    return plan;
  }

  /** A plan was queued: what comes next is planned behind it. */
  void queued(StepPlan step, List<LogitRows> rows) {
    for (int i = 0; i < rows.size(); i++) {
      Chunk chunk = step.chunks.get(i);
      Sequence sequence = chunk.sequence();
      sequence.queuedSteps++;
      sequence.computed(chunk.end());
      sequence.scoresAsked += rows.get(i).scored();
      if (rows.get(i).drawn()) {
        sequence.unread++;
        sequence.unreadRow = rows.get(i).drawnRow();
      }
    }
  }

  /**
   * A queued step has run, and the step before it has been published: its keys and values are in
   * the cache, and its full blocks count as cached.
   */
  void completed(QueuedStep step) {
    for (Chunk chunk : step.plan().chunks) {
      if (chunk.sequence().state != Sequence.State.ENDED) {
        blocks.commit(chunk.sequence(), chunk.end());
      }
    }
    release(step);
  }

  /** A queued step is over, whatever became of it. */
  void release(QueuedStep step) {
    for (int i = 0; i < step.rows().size(); i++) {
      Sequence sequence = step.plan().chunks.get(i).sequence();
      sequence.queuedSteps--;
      sequence.unread -= step.rows().get(i).drawn() ? 1 : 0;
      if (sequence.state == Sequence.State.ENDED && sequence.queuedSteps == 0) {
        blocks.free(sequence);
      }
    }
  }

  /**
   * Sends all running sequences back to be computed again in smaller steps, because the device had
   * no memory for one. No step may be queued.
   */
  void shrink(SchedulerLimits smaller) {
    while (!running.isEmpty()) {
      preempt(running.getLast());
    }
    limits = smaller;
  }

  /** A copy, best first. */
  List<Sequence> runningSequences() {
    return List.copyOf(running);
  }

  /** A copy, best first. */
  List<Sequence> waitingSequences() {
    return List.copyOf(waiting);
  }

  private void begin(long nowNanos) {
    plan = new StepPlan();
    budget = limits.maxNumBatchedTokens();
    relayBudget = relayShare.tokens(limits);
    scoredRows = limits.maxScoredRows();
    expire(nowNanos);
  }

  private void expire(long nowNanos) {
    if (!deadlines || nowNanos - earliestDeadline < 0) {
      return;
    }
    deadlines = false;
    for (Sequence sequence : waiting) {
      if (sequence.request().deadlineNanos().isEmpty() || sequence.started) {
        continue;
      }
      long deadline = sequence.request().deadlineNanos().getAsLong();
      if (nowNanos - deadline >= 0) {
        plan.expired.add(sequence);
      } else if (!deadlines || deadline - earliestDeadline < 0) {
        deadlines = true;
        earliestDeadline = deadline;
      }
    }
    plan.expired.forEach(this::remove);
  }

  /** Whether running sequences of a worse priority keep the best waiting one out. */
  private boolean bestIsKeptOut() {
    if (waiting.isEmpty() || running.isEmpty()) {
      return false;
    }
    Sequence best = waiting.first();
    return running.getLast().request().priority() > best.request().priority()
        && (noPlace(best) || !fits(best));
  }

  private boolean noPlace(Sequence sequence) {
    return running.size() == limits.maxNumSequences()
        || (sequence.request().isRelay() && noRelayPlace());
  }

  private boolean noRelayPlace() {
    return relaysRunning >= relayShare.sequences(limits);
  }

  /**
   * Whether {@link #admitWaiting} will take the sequence for sure: even when each running one first
   * grows by a block, and without a hit in the prefix cache.
   */
  private boolean fits(Sequence sequence) {
    return BlockManager.blocksFor(sequence.tokenCount()) + 2 * running.size()
        <= blocks.freeBlocks();
  }

  /** Whether one of the operator's own requests still waits for its first token. */
  private boolean ownPrompts() {
    if (!waiting.isEmpty() && !waiting.first().request().isRelay()) {
      return true;
    }
    for (Sequence sequence : running) {
      if (sequence.request().isRelay()) {
        return false;
      }
      if (sequence.computed() < sequence.promptLength()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns whether all went on without a shortage of blocks. When ahead, the first one without
   * blocks ends it.
   */
  private boolean continueRunning(boolean ownPrompts, boolean ahead) {
    boolean plenty = true;
    for (int i = 0; i < running.size(); i++) {
      Sequence sequence = running.get(i);
      boolean relay = sequence.request().isRelay();
      if (relay && ownPrompts) {
        // They come last: all that follow are relays, too.
        return plenty;
      }
      // Each sequence behind this one is due a token: a long prefill must not stop their decode.
      int behind = running.size() - 1 - i;
      // A share made smaller holds for newcomers; who runs goes on by a token a step.
      int most = relay ? Math.max(1, Math.min(budget, relayBudget) - behind) : budget - behind;
      int chunk = chunk(sequence, most);
      if (chunk == 0) {
        // Its last token is drawn already.
        continue;
      }
      while (sequence.state == Sequence.State.RUNNING
          && !blocks.grow(sequence, sequence.computed() + chunk)) {
        if (ahead) {
          return false;
        }
        preempt(running.getLast());
        plenty = false;
      }
      if (sequence.state == Sequence.State.RUNNING) {
        spend(sequence, chunk);
      }
    }
    return plenty;
  }

  private void admitWaiting(long nowNanos, boolean ownPrompts) {
    while (budget > 0 && !waiting.isEmpty() && running.size() < limits.maxNumSequences()) {
      Sequence sequence = waiting.first();
      boolean relay = sequence.request().isRelay();
      if (relay && (ownPrompts || relayBudget <= 0 || noRelayPlace())) {
        return;
      }
      // Room for the running ones to grow, or the newcomer is the next to be preempted.
      if (!blocks.admit(sequence, running.size())) {
        return;
      }
      waiting.remove(sequence);
      sequence.state = Sequence.State.RUNNING;
      insertRunning(sequence);
      relaysRunning += relay ? 1 : 0;
      if (!sequence.scoresPrompt()) {
        prefixQueryTokens += sequence.tokenCount();
        prefixHitTokens += sequence.computed();
      }
      if (!sequence.started) {
        sequence.started = true;
        sequence.scheduledNanos = nowNanos;
        sequence.cachedTokens = sequence.computed();
        plan.started.add(sequence);
      }
      spend(sequence, chunk(sequence, relay ? Math.min(budget, relayBudget) : budget));
    }
  }

  /** How many of its tokens a sequence computes next, given what is left of the budget. */
  private int chunk(Sequence sequence, int most) {
    int chunk = Math.min(sequence.uncomputed(), most);
    if (chunk > 0 && sequence.scoresPrompt() && sequence.computed() < sequence.promptLength()) {
      chunk = Math.clamp(scoredRows, 1, chunk);
      scoredRows -= chunk;
    }
    return chunk;
  }

  private void spend(Sequence sequence, int chunk) {
    plan.chunks.add(new Chunk(sequence, sequence.computed(), chunk));
    budget -= chunk;
    relayBudget -= sequence.request().isRelay() ? chunk : 0;
  }

  private void preempt(Sequence sequence) {
    if (sequence.queuedSteps > 0) {
      throw new IllegalStateException("a sequence is preempted in a queued step");
    }
    leaveRunning(sequence);
    sequence.computed(0);
    sequence.scoresAsked = sequence.promptScores().size();
    sequence.preemptions++;
    sequence.state = Sequence.State.WAITING;
    waiting.add(sequence);
    preemptions++;
    relayPreemptions += sequence.request().isRelay() ? 1 : 0;
  }

  private void leaveRunning(Sequence sequence) {
    running.remove(sequence);
    relaysRunning -= sequence.request().isRelay() ? 1 : 0;
    if (sequence.queuedSteps == 0) {
      blocks.free(sequence);
    }
  }

  private void insertRunning(Sequence sequence) {
    int place = running.size();
    while (place > 0 && Sequence.ORDER.compare(running.get(place - 1), sequence) > 0) {
      place--;
    }
    running.add(place, sequence);
  }
}
