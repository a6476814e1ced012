package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int VOCABULARY = 300;

  /** The set that may be sampled equals the one a plain full sort in double gives. */
  @Property(tries = 300)
  void candidatesAreThoseOfAFullSort(
      @ForAll long seed,
      @ForAll @IntRange(min = 0, max = 320) int topK,
      @ForAll @DoubleRange(min = 0.05, max = 1) double topP,
      @ForAll @DoubleRange(min = 0, max = 0.3) double minP,
      @ForAll @DoubleRange(min = 0.2, max = 2) double temperature) {
    Random random = new Random(seed);
    float[] logits = new float[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
      logits[i] = (float) (random.nextGaussian() * 3);
    }
    Set<Integer> allowed = candidates(logits, topK, topP, minP, temperature);
    Sampler sampler = new Sampler(VOCABULARY);
    for (int draw = 0; draw < 40; draw++) {
      Sequence sequence =
          sequence(new int[] {1}, Requests.random(temperature, topK, topP, minP, seed + draw));
      assertTrue(allowed.contains(sampler.sample(sequence, logits, 0).tokenId()));
    }
  }

  private static Set<Integer> candidates(
      float[] logits, int topK, double topP, double minP, double temperature) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, logits.length).boxed().toList());
    order.sort(Comparator.comparingDouble(i -> -logits[i]));
    double max = logits[order.getFirst()];
    double[] weights = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      weights[i] = Math.exp((logits[i] - max) / temperature);
    }
    // A hair of tolerance: the sampler compares logits in float, this compares probabilities.
    order.removeIf(i -> weights[i] < minP * (1 - 1e-5));
    List<Integer> kept = topK > 0 ? order.subList(0, Math.min(topK, order.size())) : order;
    double total = kept.stream().mapToDouble(i -> weights[i]).sum();
    Set<Integer> nucleus = new HashSet<>();
    double mass = 0;
    for (int i : kept) {
      if (!nucleus.isEmpty() && mass >= topP * total * (1 + 1e-9)) {
        break;
      }
      nucleus.add(i);
      mass += weights[i];
    }
    return nucleus;
  }

  @Property(tries = 200)
  void topTokensAreThoseOfAFullSort(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 2000) int length,
      @ForAll @IntRange(min = 1, max = 2100) int k) {
    Random random = new Random(seed);
    float[] values = new float[length + 3];
    for (int i = 0; i < values.length; i++) {
      // Few distinct values: many ties.
      values[i] = random.nextInt(10) == 0 ? Float.NEGATIVE_INFINITY : random.nextInt(40) - 20f;
    }
    int[] expected =
        IntStream.range(0, length)
            .filter(i -> values[3 + i] > Float.NEGATIVE_INFINITY)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> -values[3 + i]).thenComparingInt(i -> i))
            .limit(k)
            .mapToInt(Integer::intValue)
            .toArray();
    TopTokens top = new TopTokens();
    int count = top.select(values, 3, length, Float.NEGATIVE_INFINITY, k);
    assertArrayEquals(expected, IntStream.range(0, count).map(top::id).toArray());
    for (int place = 0; place < count; place++) {
      assertEquals(values[3 + expected[place]], top.value(place));
    }
  }

  @Test
  void frequenciesFollowTheSoftmax() {
    float[] logits = new float[VOCABULARY];
    Arrays.fill(logits, Float.NEGATIVE_INFINITY);
    double[] wanted = {0.5, 0.3, 0.15, 0.05};
    for (int i = 0; i < wanted.length; i++) {
      logits[10 * i] = (float) Math.log(wanted[i]);
    }
    assertFrequencies(logits, Requests.random(1, 0, 1, 0, 7), wanted);
    assertFrequencies(logits, Requests.random(1, 4, 1, 0, 7), wanted);
    assertFrequencies(logits, Requests.random(1, 0, 0.999, 0, 7), wanted);
    assertFrequencies(logits, Requests.random(1, 0, 0.8, 0, 7), new double[] {0.625, 0.375, 0, 0});
    assertFrequencies(
        logits, Requests.random(1, 0, 1, 0.2, 7), new double[] {0.526, 0.316, 0.158, 0});
    assertFrequencies(
        logits, Requests.random(0.5, 0, 1, 0, 7), new double[] {0.685, 0.247, 0.062, 0.007});
  }

  private static void assertFrequencies(
      float[] logits, SamplingParameters sampling, double[] wanted) {
    Sampler sampler = new Sampler(VOCABULARY);
    Sequence sequence =
        new Sequence(Requests.of(new int[] {1}, sampling), new Recorder(), 0, 99, 0);
    int[] counts = new int[wanted.length];
    int draws = 900;
    for (int i = 0; i < draws; i++) {
      int token = sampler.sample(sequence, logits, 0).tokenId();
      counts[token / 10]++;
      sequence.append(token);
    }
    for (int i = 0; i < wanted.length; i++) {
      assertEquals(wanted[i], counts[i] / (double) draws, 0.06);
    }
  }

  @Test
  void aSeededDrawDependsOnSeedAndPlaceAlone() {
    float[] logits = new float[2 * VOCABULARY];
    Random random = new Random(1);
    for (int i = 0; i < VOCABULARY; i++) {
      logits[i] = logits[VOCABULARY + i] = random.nextFloat();
    }
    Sampler sampler = new Sampler(VOCABULARY);
    SamplingParameters sampling = Requests.random(1, 0, 1, 0, 5);
    Sequence one = sequence(new int[] {1}, sampling);
    Sequence two = sequence(new int[] {2, 3}, sampling);
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      int first = sampler.sample(one, logits, 0).tokenId();
      assertEquals(first, sampler.sample(two, logits, 1).tokenId());
      assertEquals(first, sampler.sample(one, logits, 1).tokenId());
      seen.add(first);
      one.append(first);
      two.append(first);
    }
    assertTrue(seen.size() > 10, "the draws vary");
  }

  @Test
  void greedyTakesTheLowestOfEqualLogits() {
    float[] logits = new float[VOCABULARY];
    logits[7] = logits[9] = 2;
    Sequence sequence = sequence(new int[] {1}, Requests.greedy(3));
    assertTrue(Sampler.isPlainGreedy(sequence));
    assertEquals(7, new Sampler(VOCABULARY).sample(sequence, logits, 0).tokenId());
  }

  @Test
  void logprobsAreOfTheRawLogits() {
    float[] logits = new float[VOCABULARY];
    logits[3] = 4;
    logits[8] = 3;
    double logSum = Math.log(Math.exp(4) + Math.exp(3) + VOCABULARY - 2);
    SamplingParameters sampling =
        with(Requests.withLogprobs(5, 2, -1), Map.of(8, 10.0), Set.of(), List.of(), 0, Set.of());
    SampledToken token =
        new Sampler(VOCABULARY).sample(sequence(new int[] {1}, sampling), logits, 0);
    assertEquals(8, token.tokenId());
    assertEquals(3 - logSum, token.logprob(), 1e-5);
    assertEquals(2, token.top().size());
    assertEquals(3, token.top().get(0).tokenId());
    assertEquals(4 - logSum, token.top().get(0).logprob(), 1e-5);
    assertEquals(1, token.top().get(0).rank());
    assertEquals(8, token.top().get(1).tokenId());
    assertEquals(2, token.top().get(1).rank());
  }

  @Test
  void masksHold() {
    float[] logits = new float[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
      logits[i] = VOCABULARY - i;
    }
    Sampler sampler = new Sampler(VOCABULARY);
    SamplingParameters sampling =
        with(
            Requests.greedy(9),
            Map.of(),
            Set.of(2, 3, 4, 5),
            List.of(new int[] {2}, new int[] {3, 4}),
            1,
            Set.of(3));
    Sequence sequence = sequence(new int[] {3}, sampling);
    assertFalse(Sampler.isPlainGreedy(sequence));
    // 2 is bad, 3 a stop token before min_tokens; 4 only completes a bad word after an output of 3.
    assertEquals(4, sampler.sample(sequence, logits, 0).tokenId());
    sequence.append(4);
    assertEquals(3, sampler.sample(sequence, logits, 0).tokenId());
    sequence.append(3);
    logits[3] = -1;
    assertEquals(5, sampler.sample(sequence, logits, 0).tokenId());
  }

  @Test
  void penaltiesCountPromptAndOutputAsTheFieldSays() {
    float[] logits = new float[VOCABULARY];
    LogitAdjuster adjuster = new LogitAdjuster(VOCABULARY);
    SamplingParameters g = Requests.greedy(9);
    SamplingParameters sampling =
        new SamplingParameters(
            0, 0, 1, 0, 2, 0.5, 0.25, Map.of(), Set.of(), List.of(), g.seed(), 9, 0, Set.of(), -1,
            -1);
    Sequence sequence = sequence(new int[] {1, 1, 2}, sampling);
    sequence.append(2);
    sequence.append(5);
    sequence.append(5);
    logits[1] = 4;
    logits[2] = -4;
    logits[5] = 8;
    logits[6] = 1;
    adjuster.adjust(sequence, logits);
    assertEquals(2, logits[1], "repetition alone: only in the prompt");
    assertEquals(-8 - 0.25 - 0.5, logits[2], 1e-6);
    assertEquals(4 - 2 * 0.25 - 0.5, logits[5], 1e-6);
    assertEquals(1, logits[6]);
    float[] again = new float[VOCABULARY];
    again[1] = 4;
    adjuster.adjust(sequence, again);
    assertEquals(2, again[1], "nothing is left over from the call before");
  }

  @Test
  void logitsThatAreNoNumbersFailClearly() {
    Sampler sampler = new Sampler(VOCABULARY);
    Sequence sequence = sequence(new int[] {1}, Requests.greedy(3));
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      float[] logits = new float[VOCABULARY];
      logits[200] = bad;
      QuernException error =
          assertThrows(QuernException.class, () -> sampler.sample(sequence, logits, 0));
      assertEquals(ErrorCategory.INTERNAL, error.category());
      assertTrue(error.message().contains("NaN"));
    }
    assertThrows(QuernException.class, () -> Sampler.greedy(-1));
    float[] logits = new float[VOCABULARY];
    Sequence nothingLeft =
        sequence(
            new int[] {1},
            with(Requests.greedy(3), Map.of(), Set.of(4), List.of(new int[] {4}), 0, Set.of()));
    QuernException error =
        assertThrows(QuernException.class, () -> sampler.sample(nothingLeft, logits, 0));
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
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
