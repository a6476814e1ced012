package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StepRehearsalTest {
  private final HostBackend backend = new HostBackend();

  @Test
  void theLargestStepHasAllTokensOfAllSequencesAtTheEndOfTheirContexts() {
    ForwardBatch batch = StepRehearsal.largest(new ContextHashModel(512), settings(4, 100));
    assertArrayEquals(new int[] {0, 97, 98, 99, 100}, batch.queryStarts());
    // The last of each sequence, after all the others of the first: a prompt may be scored whole.
    assertArrayEquals(IntStream.range(0, 100).toArray(), batch.logitRows());
    assertArrayEquals(new int[] {512, 512, 512, 512}, batch.contextLengths());
    assertEquals(512 - 97, batch.positions()[0]);
    assertEquals(511, batch.positions()[96]);
    assertEquals(511, batch.positions()[99]);
    assertTrue(Arrays.stream(batch.slots()).allMatch(slot -> slot < BlockManager.BLOCK_SIZE));
  }

  @Test
  void aChunkIsNoLongerThanTheContext() {
    ForwardBatch batch = StepRehearsal.largest(new ContextHashModel(40), settings(4, 100));
    assertArrayEquals(new int[] {0, 40, 80, 99, 100}, batch.queryStarts());
    ForwardBatch few = StepRehearsal.largest(new ContextHashModel(10), settings(2, 100));
    assertArrayEquals(new int[] {0, 10, 20}, few.queryStarts());
  }

  @Test
  void itRunsTheLargestStepAndOneOfATokenEachAndLeavesNoCache() {
    List<Integer> tokens = new ArrayList<>();
    ContextHashModel model = new ContextHashModel(512);
    model.before(batch -> tokens.add(batch.tokens()));
    StepRehearsal.run(backend, model, settings(4, 100));
    assertEquals(List.of(100, 4), tokens);
    assertEquals(1, backend.cachesMade.get());
    assertEquals(0, backend.openCaches.get());
  }

  @Test
  void noMoreRowsAreScoredThanAStepScores() {
    ContextHashModel model = new ContextHashModel(8192);
    int scored = SchedulerLimits.of(settings(4, 8192), model.vocabularySize()).maxScoredRows();
    int rows = StepRehearsal.largest(model, settings(4, 8192)).logitRows().length;
    assertEquals(4 + Math.min(scored, 8192 - 4), rows);
  }

  @Test
  void aStepThatDoesNotFitNamesTheSettingThatMakesItSmaller() {
    ContextHashModel model = new ContextHashModel(512);
    model.before(
        batch -> {
          throw new QuernException(ErrorCategory.OUT_OF_MEMORY, "held: weights 900.0 MiB");
        });
    QuernException error =
        assertThrows(
            QuernException.class, () -> StepRehearsal.run(backend, model, settings(4, 100)));
    assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    assertEquals("max-num-batched-tokens", error.field());
    assertTrue(error.message().contains("--max-num-batched-tokens 100"), error.message());
    assertTrue(error.message().contains("held: weights 900.0 MiB"), error.message());
    assertEquals(0, backend.openCaches.get());
  }

  private static EngineSettings settings(int sequences, int tokens) {
    return new EngineSettings(
        "test", OptionalInt.empty(), sequences, tokens, OptionalLong.empty(), 10);
  }
}
