package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class KvBudgetTest {
  /** 1 KiB a token, 16 KiB a block. */
  private static final KvCacheShape SHAPE = new KvCacheShape(2, 2, 64, DType.BF16, 16);

  private static final long MIB = 1 << 20;

  @Test
  void neverMoreThanAllSequencesAtFullLengthCanUse() {
    assertEquals(
        new KvBudget(4 * 128, 2048), plan(settings(2048, 4, OptionalLong.of(1000 * MIB)), MIB));
  }

  @Test
  void halfOfFreeMemoryUnlessTold() {
    assertEquals(new KvBudget(320, 4096), plan(settings(0, 64, OptionalLong.empty()), 10 * MIB));
  }

  @Test
  void theCheckpointsOwnContextIsReducedToWhatFits() {
    assertEquals(new KvBudget(64, 1024), plan(settings(0, 64, OptionalLong.of(MIB)), 0));
  }

  @Test
  void anExplicitContextThatDoesNotFitIsAnErrorWithTheNumbers() {
    QuernException error =
        assertThrows(QuernException.class, () -> plan(settings(2048, 64, OptionalLong.of(MIB)), 0));
    assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    for (String part :
        new String[] {"2048 tokens", "2.0 MiB", "1.0 MiB", "1024 tokens", "--max-model-len"}) {
      assertTrue(error.message().contains(part), error.message());
    }
  }

  @Test
  void noMemoryAtAllIsAnError() {
    QuernException error =
        assertThrows(
            QuernException.class, () -> plan(settings(0, 64, OptionalLong.empty()), 40_000));
    assertTrue(error.message().contains("--kv-cache-memory"), error.message());
  }

  @Test
  void moreContextThanTheCheckpointHasIsABadRequest() {
    QuernException error =
        assertThrows(
            QuernException.class, () -> plan(settings(8192, 4, OptionalLong.empty()), MIB));
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertEquals("max-model-len", error.field());
  }

  @Test
  void aBudgetOfItsOwnIsTakenWhole() {
    assertEquals(
        new KvBudget(640, 4096),
        KvBudget.plan(
            settings(0, 64, OptionalLong.empty()),
            SHAPE,
            4096,
            10 * MIB,
            KvBudget.SHARE_OF_OWN_BUDGET));
  }

  private static KvBudget plan(EngineSettings settings, long freeBytes) {
    return KvBudget.plan(settings, SHAPE, 4096, freeBytes, KvBudget.SHARE_OF_COMMON_MEMORY);
  }

  private static EngineSettings settings(int length, int sequences, OptionalLong bytes) {
    return new EngineSettings(
        "test",
        length == 0 ? OptionalInt.empty() : OptionalInt.of(length),
        sequences,
        2048,
        bytes,
        10);
  }
}
