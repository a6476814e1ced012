package dev.quern.engine.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** How large passes are, alone and beside others. */
class PassBudgetTest {
  private static final long MILLI = 1_000_000;

  @Test
  void aloneThePassIsAsLargeAsAllowedUnlessItWouldKeepOthersWaiting() {
    PassBudget fast = new PassBudget(16_384);
    fast.ran(1000, MILLI);
    assertEquals(16_384, fast.tokens(0));
    PassBudget slow = new PassBudget(16_384);
    slow.ran(1000, 100 * MILLI);
    assertEquals(2500, slow.tokens(0));
  }

  @Test
  void besideOthersAPassTakesAsLongAsTheyDid() {
    PassBudget budget = new PassBudget(16_384);
    budget.ran(1000, 100 * MILLI);
    assertEquals(400, budget.tokens(40 * MILLI));
    assertEquals(100, budget.tokens(2 * MILLI), "never less than ten milliseconds");
    assertEquals(2500, budget.tokens(5_000 * MILLI), "never more than a quarter of a second");
  }

  @Test
  void itStartsSmallAndFollowsTheDevice() {
    PassBudget budget = new PassBudget(16_384);
    assertEquals(512, budget.tokens(0));
    assertEquals(64, new PassBudget(64).tokens(0));
    budget.ran(1000, 100 * MILLI);
    int before = budget.tokens(40 * MILLI);
    for (int i = 0; i < 30; i++) {
      budget.ran(1000, 10 * MILLI);
    }
    int after = budget.tokens(40 * MILLI);
    assertTrue(after > 9 * before && after <= 10 * before, before + " " + after);
  }

  @Test
  void itShrinksWhenMemoryRunsOut() {
    PassBudget budget = new PassBudget(16_384);
    budget.tooMany(1000);
    assertEquals(500, budget.maxTokens());
    budget.tooMany(1);
    assertEquals(1, budget.maxTokens());
  }
}
