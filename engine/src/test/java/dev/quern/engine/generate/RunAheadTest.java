package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the step loop asks of a backend that draws ahead, and in which order. */
class RunAheadTest {
  private final LoopDrive drive = new LoopDrive(/* ahead= */ true, 40, 4, 64);

  @Test
  void theNextStepIsQueuedBeforeTheLastOneIsRead() {
    Recorder request = drive.submit(prompt(1, 20), Requests.greedy(5));
    drive.runAll();
    assertEquals(
        List.of(
            "queue 1", "queue 2", "read 1", "queue 3", "read 2", "queue 4", "read 3", "queue 5",
            "read 4", "read 5"),
        drive.backend.events);
    assertEquals(5, request.ids().length);
  }

  @Test
  void chunksOfAPromptAreQueuedAheadToo() {
    drive.submit(prompt(1, 150), Requests.greedy(1));
    drive.runAll();
    assertEquals(
        List.of("queue 1", "queue 2", "read 1", "queue 3", "read 2", "read 3"),
        drive.backend.events);
  }

  @Test
  void whoseNextChoiceDependsOnItsTokensIsReadFirst() {
    drive.submit(prompt(1, 20), penalised(3));
    drive.submit(prompt(2, 20), Requests.greedy(5));
    drive.runAll();
    assertEquals(
        List.of(
            "queue 1", "read 1", "queue 2", "read 2", "queue 3", "read 3", "queue 4", "queue 5",
            "read 4", "read 5"),
        drive.backend.events);
  }

  @Test
  void theRowQueuedBehindAStopTokenIsThrownAway() {
    int[] all = new LoopDrive(false, 40, 4, 64).answer(prompt(1, 20), Requests.greedy(20)).ids();
    int stop = all[9];
    int place = IntStream.range(0, 20).filter(i -> all[i] == stop).findFirst().orElseThrow();
    Recorder stopped = drive.submit(prompt(1, 20), withStop(20, stop));
    Recorder other = drive.submit(prompt(2, 20), Requests.greedy(30));
    drive.runAll();
    assertEquals(FinishReason.STOP, stopped.reason());
    assertEquals(place + 1, stopped.ids().length);
    assertEquals(stop, stopped.stats().stopToken());
    Recorder alone = new LoopDrive(false, 40, 4, 64).answer(prompt(2, 20), Requests.greedy(30));
    assertArrayEquals(alone.ids(), other.ids());
    assertTrue(drive.backend.events.contains("queue " + (place + 2)));
  }

  @Test
  void blocksOfWhoEndsAreHeldUntilTheQueuedStepHasRun() {
    LoopDrive.Request request = drive.request(prompt(1, 20), Requests.greedy(50));
    drive.inbox.submit(request.sequence());
    drive.loop.step(0);
    drive.loop.step(0);
    int held = drive.loop.snapshot().kvBlocksUsed();
    assertEquals(2, held);
    drive.loop.cancelAll();
    assertEquals(1, request.recorder().terminals());
    assertEquals(held, drive.loop.snapshot().kvBlocksUsed(), "a step is queued that writes there");
    drive.runAll();
    assertEquals(0, drive.loop.snapshot().kvBlocksUsed());
  }

  @Test
  void aStepThatFailsWhenItIsReadCostsItsRequestsAlone() {
    int[] expected = drive.answer(prompt(1, 40), Requests.greedy(20)).ids();
    drive.backend.failNext(new IllegalStateException("injected"));
    Recorder victim = drive.submit(prompt(1, 40), Requests.greedy(20));
    drive.runAll();
    assertEquals(ErrorCategory.UNAVAILABLE, victim.error().category());
    assertTrue(victim.error().message().contains("injected"));
    assertEquals(1, drive.loop.snapshot().engineFailures());
    assertEquals(0, drive.backend.openDraws.get());
    Recorder after = drive.answer(prompt(1, 40), Requests.greedy(20));
    assertArrayEquals(expected, after.ids());
    assertEquals(0, after.stats().cachedTokens(), "the old content is gone with its cache");
  }

  private static SamplingParameters penalised(int maxTokens) {
    return new SamplingParameters(
        0,
        0,
        1,
        0,
        1.2,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        OptionalLong.empty(),
        maxTokens,
        0,
        Set.of(),
        -1,
        -1);
  }

  private static SamplingParameters withStop(int maxTokens, int stop) {
    return new SamplingParameters(
        0,
        0,
        1,
        0,
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        OptionalLong.empty(),
        maxTokens,
        0,
        Set.of(stop),
        -1,
        -1);
  }

  private static int[] prompt(int seed, int length) {
    return new Random(seed).ints(length, 0, ContextHashModel.VOCABULARY).toArray();
  }
}
