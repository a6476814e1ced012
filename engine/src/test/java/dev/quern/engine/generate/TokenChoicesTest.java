package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.LogitChanges;
import dev.quern.engine.tensor.sampling.HostSampler;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TokenChoicesTest {
  @Test
  void plainGreedyRequestsAskForTheLargest() {
    assertEquals(Draw.Choice.LARGEST, next(sequence(new int[] {1}, Requests.greedy(3))));
    assertEquals(
        Draw.Choice.LARGEST,
        next(sequence(new int[] {1}, Requests.random(1e-6, 5, 0.5, 0.1, 7))),
        "a temperature near 0 is greedy, whatever else is wanted");
    assertFalse(next(sequence(new int[] {1}, Requests.withLogprobs(3, 0, -1))).isLargest());
  }

  @Test
  void aSeededDrawDependsOnSeedAndPlaceAlone() {
    SamplingParameters sampling = Requests.random(1, 0, 1, 0, 5);
    Sequence one = sequence(new int[] {1}, sampling);
    Sequence two = sequence(new int[] {2, 3}, sampling);
    Sequence other = sequence(new int[] {1}, Requests.random(1, 0, 1, 0, 6));
    double before = -1;
    for (int i = 0; i < 20; i++) {
      assertEquals(next(one), next(two));
      assertNotEquals(next(one).uniform(), next(other).uniform());
      assertNotEquals(before, next(one).uniform());
      before = next(one).uniform();
      one.append(i);
      two.append(2 * i);
      other.append(i);
    }
  }

  @Test
  void masksHold() {
    float[] logits = new float[40];
    for (int i = 0; i < 40; i++) {
      logits[i] = 40 - i;
    }
    SamplingParameters sampling =
        with(
            Requests.greedy(9),
            Map.of(),
            Set.of(2, 3, 4, 5),
            List.of(new int[] {2}, new int[] {3, 4}),
            1,
            Set.of(3));
    Sequence sequence = sequence(new int[] {3}, sampling);
    assertFalse(next(sequence).isLargest());
    // 2 is bad, 3 a stop token before min_tokens; 4 only completes a bad word after an output of 3.
    assertEquals(4, draw(sequence, logits));
    sequence.append(4);
    assertEquals(3, draw(sequence, logits));
    sequence.append(3);
    logits[3] = -1;
    assertEquals(5, draw(sequence, logits));
  }

  @Test
  void penaltiesCountPromptAndOutputAsTheFieldSays() {
    SamplingParameters sampling = penalised(2, 0.5, 0.25);
    Sequence sequence = sequence(new int[] {1, 1, 2}, sampling);
    sequence.append(2);
    assertPenalties(new int[] {1, 2}, new int[] {0, 1}, next(sequence));
    sequence.append(5);
    sequence.append(5);
    assertPenalties(new int[] {1, 2, 5}, new int[] {0, 1, 2}, next(sequence));
    assertPenalties(new int[] {1, 2, 5}, new int[] {0, 1, 2}, next(sequence));
    LogitChanges.Penalties penalties = next(sequence).changes().penalties();
    assertEquals(2, penalties.repetition());
    assertEquals(0.5f, penalties.presence());
    assertEquals(0.25f, penalties.frequency());
    Sequence without = sequence(new int[] {1, 1, 2}, penalised(1, 0.5, 0));
    assertTrue(next(without).changes().isEmpty(), "nothing in the output yet");
    without.append(2);
    assertPenalties(new int[] {2}, new int[] {1}, next(without));
  }

  private static void assertPenalties(int[] tokens, int[] counts, Draw.Choice choice) {
    assertArrayEquals(tokens, choice.changes().penalties().tokens());
    assertArrayEquals(counts, choice.changes().penalties().outputCounts());
  }

  @Test
  void whoNeedsTheLastTokenSaysSo() {
    assertFalse(dependsOnTokens(Requests.greedy(3)));
    assertFalse(dependsOnTokens(Requests.random(1, 3, 0.5, 0.1, 7)));
    assertFalse(dependsOnTokens(badWord(4)));
    assertFalse(
        dependsOnTokens(
            with(
                Requests.withLogprobs(9, 2, 2),
                Map.of(3, 1.0),
                Set.of(1, 3),
                List.of(),
                4,
                Set.of(9))));
    assertTrue(dependsOnTokens(badWord(4, 5)));
    assertTrue(dependsOnTokens(penalised(1.1, 0, 0)));
    assertTrue(dependsOnTokens(penalised(1, 0.1, 0)));
    assertTrue(dependsOnTokens(penalised(1, 0, 0.1)));
  }

  private static boolean dependsOnTokens(SamplingParameters sampling) {
    return sequence(new int[] {1}, sampling).choices().dependOnTokens();
  }

  @Test
  void parametersOutOfRangeNameTheirField() {
    for (double bad : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
      QuernException error =
          assertThrows(QuernException.class, () -> Requests.random(bad, 0, 1, 0, 1));
      assertEquals("temperature", error.field());
    }
    assertEquals(
        "top_p",
        assertThrows(QuernException.class, () -> Requests.random(1, 0, Double.NaN, 0, 1)).field());
    assertEquals(
        "min_p",
        assertThrows(QuernException.class, () -> Requests.random(1, 0, 1, 1.5, 1)).field());
    assertEquals(
        "max_tokens", assertThrows(QuernException.class, () -> Requests.greedy(-1)).field());
  }

  private static Sequence sequence(int[] prompt, SamplingParameters sampling) {
    return new Sequence(
        Requests.of(prompt, sampling), new Recorder(), 0, sampling.seed().orElse(0), 0);
  }

  private static Draw.Choice next(Sequence sequence) {
    return sequence.choices().choice(sequence, sequence.drawn());
  }

  private static int draw(Sequence sequence, float[] logits) {
    Draws draws = new Draws(List.of(next(sequence)));
    return new HostSampler().draw(logits, logits.length, draws).ids()[0];
  }

  private static SamplingParameters badWord(int... word) {
    return with(Requests.greedy(9), Map.of(), Set.of(), List.of(word), 0, Set.of());
  }

  private static SamplingParameters penalised(
      double repetition, double presence, double frequency) {
    return new SamplingParameters(
        0,
        0,
        1,
        0,
        repetition,
        presence,
        frequency,
        Map.of(),
        Set.of(),
        List.of(),
        OptionalLong.empty(),
        9,
        0,
        Set.of(),
        -1,
        -1);
  }

  private static SamplingParameters with(
      SamplingParameters base,
      Map<Integer, Double> bias,
      Set<Integer> allowed,
      List<int[]> badWords,
      int minTokens,
      Set<Integer> stops) {
    return new SamplingParameters(
        base.temperature(),
        base.topK(),
        base.topP(),
        base.minP(),
        1,
        0,
        0,
        bias,
        allowed,
        badWords,
        OptionalLong.empty(),
        base.maxTokens(),
        minTokens,
        stops,
        base.logprobs(),
        base.promptLogprobs());
  }
}
