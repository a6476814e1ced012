package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Requests of all kinds, arriving and being cancelled at random over tiny caches, on a backend that
 * draws ahead: each gets what it gets alone on one that does not.
 */
class RunAheadPropertiesTest {
  private static final int VOCABULARY = ContextHashModel.VOCABULARY;

  @Property(tries = 120)
  void eachRequestGetsWhatItGetsAlone(
      @ForAll long seed,
      @ForAll @IntRange(min = 4, max = 40) int blocks,
      @ForAll @IntRange(min = 1, max = 6) int sequences,
      @ForAll @IntRange(min = 8, max = 60) int batchTokens,
      @ForAll @IntRange(min = 1, max = 14) int requests) {
    Random random = new Random(seed);
    LoopDrive drive = new LoopDrive(/* ahead= */ true, blocks, sequences, batchTokens);
    List<LoopDrive.Request> all = new ArrayList<>();
    List<LoopDrive.Request> cancelled = new ArrayList<>();
    for (int left = requests; left > 0; ) {
      if (random.nextInt(3) == 0) {
        LoopDrive.Request request = drive.request(request(random, blocks));
        drive.inbox.submit(request.sequence());
        all.add(request);
        left--;
      }
      if (random.nextInt(12) == 0 && !all.isEmpty()) {
        LoopDrive.Request victim = all.get(random.nextInt(all.size()));
        drive.cancel(victim.sequence());
        cancelled.add(victim);
      }
      drive.loop.step(0);
    }
    drive.runAll();
    assertEquals(0, drive.loop.snapshot().engineFailures());
    LoopDrive alone = new LoopDrive(/* ahead= */ false, 32, 1, 512);
    for (LoopDrive.Request request : all) {
      LoopDrive.Request expected = alone.request(request.sequence().request());
      alone.inbox.submit(expected.sequence());
      alone.runAll();
      assertSame(expected.recorder(), request.recorder(), cancelled.contains(request));
    }
  }

  private static void assertSame(Recorder expected, Recorder actual, boolean mayBeCut) {
    assertEquals(1, actual.terminals());
    List<SampledToken> tokens = actual.tokens();
    if (mayBeCut && actual.reason() == FinishReason.CANCELLED) {
      assertTrue(tokens.size() <= expected.tokens().size());
      assertEquals(expected.tokens().subList(0, tokens.size()), tokens);
      return;
    }
    assertEquals(expected.tokens(), tokens);
    assertEquals(expected.promptScores(), actual.promptScores());
    assertEquals(expected.reason(), actual.reason());
    assertEquals(expected.stats().stopToken(), actual.stats().stopToken());
  }

  private static GenerationRequest request(Random random, int blocks) {
    int capacity = blocks * BlockManager.BLOCK_SIZE;
    int promptLength = 1 + random.nextInt(Math.min(capacity - 1, 80));
    int maxTokens = random.nextInt(Math.min(capacity - promptLength, 40) + 1);
    // Few distinct prompts: prefixes are shared often.
    Random content = new Random(random.nextInt(3));
    int[] prompt = content.ints(promptLength, 0, VOCABULARY).toArray();
    int relay = random.nextInt(4) == 0 ? GenerationRequest.RELAY_PRIORITY : 0;
    return new GenerationRequest(
        "test",
        prompt,
        sampling(random, maxTokens),
        random.nextInt(3) - 1 + relay,
        OptionalLong.empty(),
        random.nextInt(6) == 0 ? "salt" : "");
  }

  private static SamplingParameters sampling(Random random, int maxTokens) {
    boolean penalties = random.nextInt(5) == 0;
    boolean stops = random.nextBoolean();
    return new SamplingParameters(
        random.nextBoolean() ? 0 : 0.9,
        random.nextInt(3) == 0 ? 8 : 0,
        random.nextInt(3) == 0 ? 0.8 : 1,
        random.nextInt(4) == 0 ? 0.05 : 0,
        penalties ? 1.3 : 1,
        penalties ? 0.4 : 0,
        penalties ? 0.2 : 0,
        random.nextInt(5) == 0 ? Map.of(random.nextInt(VOCABULARY), 3.0) : Map.of(),
        Set.of(),
        random.nextInt(6) == 0
            ? List.of(new int[] {random.nextInt(VOCABULARY)}, tokens(random, 2))
            : List.of(),
        OptionalLong.of(random.nextLong()),
        maxTokens,
        random.nextInt(maxTokens + 1) / 2,
        stops ? Set.of(random.nextInt(8), 8 + random.nextInt(8)) : Set.of(),
        random.nextInt(4) == 0 ? random.nextInt(3) : -1,
        random.nextInt(6) == 0 ? random.nextInt(3) : -1);
  }

  private static int[] tokens(Random random, int count) {
    return random.ints(count, 0, VOCABULARY).toArray();
  }
}
