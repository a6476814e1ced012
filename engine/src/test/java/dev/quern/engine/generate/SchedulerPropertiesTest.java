package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Drives the scheduler as the step loop does, now and then a step ahead, with random arrivals,
 * cancellations, priorities and shared prefixes over tiny caches, and checks the books after every
 * step.
 */
class SchedulerPropertiesTest {
  private static final int VOCABULARY = 50;

  @Property(tries = 600)
  void booksBalanceAndEveryoneFinishesOnce(
      @ForAll long seed,
      @ForAll @IntRange(min = 3, max = 40) int blockCount,
      @ForAll @IntRange(min = 1, max = 8) int maxSequences,
      @ForAll @IntRange(min = 8, max = 100) int maxTokens,
      @ForAll @IntRange(min = 1, max = 60) int requests) {
    new Drive(seed, blockCount, maxSequences, maxTokens, requests).run();
  }

  /** One run; the model is a pure function of the tokens before, so outcomes can be compared. */
  private static final class Drive {
    final Random random;
    final BlockManager blocks;
    final Scheduler scheduler;
    final int maxTokens;
    final int maxSequences;
    final int blockCount;
    final RelayShare share;
    final List<Sequence> alive = new ArrayList<>();
    final Map<Sequence, Integer> ends = new HashMap<>();

    /** Content of each slot as a real cache would have it: the token written there. */
    final int[] slots;

    final Deque<QueuedStep> queued = new ArrayDeque<>();

    /** Ended, but in a queued step. */
    final Set<Sequence> leaving = new HashSet<>();

    int left;
    long arrival;
    long now = 1;

    Drive(long seed, int blockCount, int maxSequences, int maxTokens, int requests) {
      this.random = new Random(seed);
      this.blockCount = blockCount;
      this.maxSequences = maxSequences;
      this.maxTokens = maxTokens;
      this.blocks = new BlockManager(blockCount, 1 + random.nextInt(blockCount));
      this.scheduler =
          new Scheduler(
              blocks, new SchedulerLimits(maxSequences, maxTokens, 1 + random.nextInt(20)));
      this.share = new RelayShare(random.nextBoolean() ? 1 : 0.1 + 0.9 * random.nextDouble(), 1000);
      scheduler.relayShare(share);
      this.slots = new int[blockCount * BlockManager.BLOCK_SIZE];
      this.left = requests;
    }

    void run() {
      int total = left;
      int idleSteps = 0;
      int submitted = 0;
      while (left > 0 || !alive.isEmpty()) {
        while (left > 0 && (random.nextInt(3) == 0 || alive.isEmpty())) {
          submit();
          submitted++;
          left--;
        }
        if (random.nextInt(10) == 0 && !alive.isEmpty()) {
          end(alive.get(random.nextInt(alive.size())));
        }
        if (random.nextInt(40) == 0) {
          queued.forEach(scheduler::release);
          queued.clear();
          scheduler.shrink(scheduler.limits());
        }
        idleSteps = step() ? 0 : idleSteps + 1;
        assertTrue(idleSteps < 2, "nothing is planned though someone waits");
        checkBooks();
        now++;
      }
      while (!queued.isEmpty()) {
        settle(queued.removeFirst());
      }
      checkBooks();
      assertEquals(total, submitted);
      assertEquals(total, ends.size());
      ends.values().forEach(count -> assertEquals(1, count));
      assertEquals(0, blocks.usedBlocks());
      assertEquals(0, scheduler.running() + scheduler.waiting());
      blocks.reset();
    }

    void submit() {
      int capacity = blockCount * BlockManager.BLOCK_SIZE;
      int promptLength = 1 + random.nextInt(Math.min(capacity - 1, 120));
      int maxOutput = random.nextInt(Math.min(capacity - promptLength, 60) + 1);
      int[] prompt = new int[promptLength];
      // Few distinct prompts: prefixes are shared often.
      Random content = new Random(random.nextInt(3));
      for (int i = 0; i < promptLength; i++) {
        prompt[i] = content.nextInt(VOCABULARY);
      }
      if (random.nextInt(4) == 0) {
        prompt[random.nextInt(promptLength)] = random.nextInt(VOCABULARY);
      }
      boolean scores = random.nextInt(8) == 0;
      OptionalLong deadline =
          random.nextInt(6) == 0 ? OptionalLong.of(now + random.nextInt(30)) : OptionalLong.empty();
      GenerationRequest request =
          new GenerationRequest(
              "r" + arrival,
              prompt,
              Requests.withLogprobs(maxOutput, -1, scores ? 0 : -1),
              random.nextInt(3)
                  - 1
                  + (random.nextInt(3) == 0 ? GenerationRequest.RELAY_PRIORITY : 0),
              deadline,
              random.nextInt(5) == 0 ? "salt" : "");
      Sequence sequence = new Sequence(request, new Recorder(), arrival++, 0, now);
      alive.add(sequence);
      scheduler.add(sequence);
    }

    boolean step() {
      boolean ahead = !queued.isEmpty();
      StepPlan plan = ahead ? scheduler.scheduleAhead(now) : scheduler.schedule(now);
      for (Sequence expired : plan.expired) {
        assertTrue(expired.request().deadlineNanos().getAsLong() <= now);
        assertFalse(expired.started);
        alive.remove(expired);
        ends.merge(expired, 1, Integer::sum);
      }
      checkPlan(plan, ahead);
      if (!plan.isEmpty()) {
        plan.chunks.forEach(this::compute);
        queued.add(PlannedSteps.queue(scheduler, plan));
      }
      int unread = plan.isEmpty() || random.nextInt(3) == 0 ? 0 : 1;
      while (queued.size() > unread) {
        settle(queued.removeFirst());
      }
      return ahead || !plan.isEmpty() || alive.isEmpty();
    }

    private void settle(QueuedStep step) {
      scheduler.completed(step);
      for (int i = 0; i < step.rows().size(); i++) {
        Chunk chunk = step.plan().chunks.get(i);
        Sequence sequence = chunk.sequence();
        if (sequence.state == Sequence.State.ENDED) {
          continue;
        }
        if (step.rows().get(i).drawn()) {
          sequence.append(token(sequence, sequence.tokenCount()));
        }
        boolean full = sequence.generated() == sequence.maxTokens();
        if (full && chunk.end() >= sequence.promptLength()) {
          end(sequence);
        }
      }
    }

    /** What the model says: known here before the scheduler hears of it. */
    private static int token(Sequence sequence, int position) {
      return position < sequence.tokenCount()
          ? sequence.tokens()[position]
          : new Random(31 * sequence.request().id().hashCode() + position).nextInt(VOCABULARY);
    }

    void checkPlan(StepPlan plan, boolean ahead) {
      assertTrue(plan.tokens() <= maxTokens, "token budget");
      assertTrue(plan.chunks.size() <= maxSequences, "sequence budget");
      assertEquals(new HashSet<>(sequences(plan)).size(), plan.chunks.size());
      for (Chunk chunk : plan.chunks) {
        assertEquals(chunk.sequence().computed(), chunk.start());
        assertTrue(chunk.end() <= chunk.sequence().tokenCount() + chunk.sequence().unread);
      }
      if (ahead && plan.isEmpty()) {
        // The queued step is read first.
        return;
      }
      checkRelays(plan);
      checkOrder(plan);
    }

    private static List<Sequence> sequences(StepPlan plan) {
      return plan.chunks.stream().map(Chunk::sequence).toList();
    }

    /**
     * Every running sequence gets at least one token in every step, so that nobody starves; only
     * relays pause while an own prompt is computed. They keep to their share.
     */
    void checkRelays(StepPlan plan) {
      List<Sequence> paused =
          scheduler.runningSequences().stream()
              .filter(s -> !sequences(plan).contains(s) && s.uncomputed() > 0)
              .toList();
      assertTrue(paused.stream().allMatch(s -> s.request().isRelay()));
      List<Chunk> relays =
          plan.chunks.stream().filter(c -> c.sequence().request().isRelay()).toList();
      if (!paused.isEmpty()) {
        assertTrue(relays.isEmpty(), "some relays pause and others do not");
        assertTrue(alive.stream().anyMatch(Drive::isOwnPrompt), "relays pause for nobody");
      }
      if (sequences(plan).stream().anyMatch(Drive::isOwnPrompt)) {
        assertTrue(relays.isEmpty(), "relays beside an own prompt");
      }
      assertTrue(relays.stream().mapToInt(Chunk::length).sum() <= share.tokens(scheduler.limits()));
      assertTrue(scheduler.relaysRunning() <= share.sequences(scheduler.limits()));
      assertEquals(
          scheduler.runningSequences().stream().filter(s -> s.request().isRelay()).count(),
          scheduler.relaysRunning());
    }

    static boolean isOwnPrompt(Sequence sequence) {
      return !sequence.request().isRelay() && sequence.computed() < sequence.promptLength();
    }

    /**
     * No starvation: the best of all that is alive is in every step, unless running prefills have
     * used up the budget, which they do a bounded number of times.
     */
    void checkOrder(StepPlan plan) {
      alive.stream()
          .min(Sequence.ORDER)
          .ifPresent(
              best -> {
                int most = best.request().isRelay() ? share.tokens(scheduler.limits()) : maxTokens;
                assertTrue(
                    sequences(plan).contains(best)
                        || plan.tokens() >= most
                        || best.uncomputed() == 0);
              });
    }

    void compute(Chunk chunk) {
      Sequence sequence = chunk.sequence();
      BlockTable table = sequence.blockTable();
      for (int p = 0; p < chunk.start(); p++) {
        // What counts as computed, by itself or by a prefix hit, is in the cache.
        assertEquals(token(sequence, p), slots[slot(table, p)], "the cache holds other tokens");
      }
      for (int p = chunk.start(); p < chunk.end(); p++) {
        assertEquals(1, blocks.references(table.block(p / BlockManager.BLOCK_SIZE)));
        slots[slot(table, p)] = token(sequence, p);
      }
    }

    int slot(BlockTable table, int position) {
      return table.block(position / BlockManager.BLOCK_SIZE) * BlockManager.BLOCK_SIZE
          + position % BlockManager.BLOCK_SIZE;
    }

    void end(Sequence sequence) {
      scheduler.remove(sequence);
      alive.remove(sequence);
      ends.merge(sequence, 1, Integer::sum);
      if (sequence.queuedSteps > 0) {
        leaving.add(sequence);
        assertTrue(sequence.blockTable().size() > 0, "a queued step writes to its blocks");
      } else {
        assertEquals(0, sequence.blockTable().size());
      }
    }

    void checkBooks() {
      int[] holders = new int[blockCount];
      int running = 0;
      leaving.removeIf(sequence -> sequence.queuedSteps == 0 && sequence.blockTable().size() == 0);
      List<Sequence> holding = new ArrayList<>(alive);
      holding.addAll(leaving);
      for (Sequence sequence : holding) {
        BlockTable table = sequence.blockTable();
        Set<Integer> own = new HashSet<>();
        for (int i = 0; i < table.size(); i++) {
          holders[table.block(i)]++;
          assertTrue(own.add(table.block(i)), "a block twice in one sequence");
        }
        if (sequence.state == Sequence.State.RUNNING) {
          running++;
        } else if (sequence.state == Sequence.State.WAITING) {
          assertEquals(0, table.size());
        } else {
          assertTrue(sequence.queuedSteps > 0, "only queued steps keep blocks of who has ended");
        }
      }
      assertEquals(scheduler.running(), running);
      int used = 0;
      for (int block = 0; block < blockCount; block++) {
        assertEquals(holders[block], blocks.references(block), "references of block " + block);
        used += holders[block] > 0 ? 1 : 0;
      }
      assertEquals(used, blocks.usedBlocks());
      assertTrue(blocks.cachedBlocks() <= blockCount);
    }
  }
}
