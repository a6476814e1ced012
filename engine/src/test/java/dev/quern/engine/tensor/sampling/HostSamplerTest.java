package dev.quern.engine.tensor.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.LogitChanges;
import dev.quern.engine.tensor.TokenScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HostSamplerTest {
  private static final int VOCABULARY = 300;
  private static final int[] NONE = {};

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
    HostSampler sampler = new HostSampler();
    for (int draw = 0; draw < 40; draw++) {
      Draw.Choice choice = choice(temperature, topK, topP, minP, random.nextDouble());
      assertTrue(allowed.contains(id(sampler, logits, choice)));
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
    assertFrequencies(logits, choice(1, 0, 1, 0, 0), wanted);
    assertFrequencies(logits, choice(1, 4, 1, 0, 0), wanted);
    assertFrequencies(logits, choice(1, 0, 0.999, 0, 0), wanted);
    assertFrequencies(logits, choice(1, 0, 0.8, 0, 0), new double[] {0.625, 0.375, 0, 0});
    assertFrequencies(logits, choice(1, 0, 1, 0.2, 0), new double[] {0.5263, 0.3158, 0.1579, 0});
    assertFrequencies(
        logits, choice(0.5, 0, 1, 0, 0), new double[] {0.6849, 0.2466, 0.0616, 0.0068});
  }

  /** As many draws as are evenly spread hit each token as often as its probability says. */
  private static void assertFrequencies(float[] logits, Draw.Choice choice, double[] wanted) {
    HostSampler sampler = new HostSampler();
    int[] counts = new int[wanted.length];
    int draws = 1000;
    for (int i = 0; i < draws; i++) {
      double uniform = (i + 0.5) / draws;
      counts[id(sampler, logits, withUniform(choice, uniform)) / 10]++;
    }
    for (int i = 0; i < wanted.length; i++) {
      assertEquals(wanted[i], counts[i] / (double) draws, 0.002);
    }
  }

  @Test
  void rowsAreDrawnEachByItself() {
    float[] logits = new float[3 * VOCABULARY];
    logits[7] = 1;
    logits[VOCABULARY + 9] = 2;
    logits[2 * VOCABULARY + 11] = Float.NaN;
    Draw.Choice choice = choice(0.01, 0, 1, 0, 0.5);
    DrawnTokens drawn =
        new HostSampler()
            .draw(logits, VOCABULARY, new Draws(List.of(choice, new Draw.Score(3, 1), choice)));
    assertArrayEquals(new int[] {7, 3, DrawnTokens.NOT_NUMBERS}, drawn.ids());
    assertThrows(IllegalArgumentException.class, () -> drawn.scores(0));
    assertEquals(-Math.log(Math.exp(2) + VOCABULARY - 1), drawn.scores(1).logprob(), 1e-5);
    assertArrayEquals(new int[] {9}, drawn.scores(1).top());
  }

  @Test
  void greedyTakesTheLowestOfEqualLogits() {
    float[] logits = new float[VOCABULARY];
    logits[7] = logits[9] = 2;
    assertEquals(7, id(new HostSampler(), logits, Draw.Choice.LARGEST));
  }

  @Test
  void logprobsAreOfTheRawLogits() {
    float[] logits = new float[VOCABULARY];
    logits[3] = 4;
    logits[8] = 3;
    double logSum = Math.log(Math.exp(4) + Math.exp(3) + VOCABULARY - 2);
    LogitChanges changes = changes(NONE, NONE, new int[] {8}, 10);
    DrawnTokens drawn = draw(new HostSampler(), logits, greedy(changes, 2));
    assertArrayEquals(new int[] {8}, drawn.ids());
    TokenScores scores = drawn.scores(0);
    assertEquals(3 - logSum, scores.logprob(), 1e-5);
    assertArrayEquals(new int[] {3, 8}, scores.top());
    assertEquals(4 - logSum, scores.topLogprobs()[0], 1e-5);
    assertEquals(3 - logSum, scores.topLogprobs()[1], 1e-5);
  }

  @Test
  void changesComeInTheirOrder() {
    float[] logits = {4, -4, 8, 1, 6, 7};
    int[] tokens = {0, 1, 2};
    int[] outputCounts = {0, 1, 2};
    LogitChanges.Penalties penalties =
        new LogitChanges.Penalties(tokens, outputCounts, 2, 0.25f, 0.5f);
    LogitChanger.change(
        new LogitChanges(
            new int[] {0, 1, 2, 3, 4},
            new int[] {4},
            new int[] {2, 4},
            new float[] {2, 9},
            penalties),
        logits);
    float out = Float.NEGATIVE_INFINITY;
    assertArrayEquals(new float[] {2, -8 - 0.75f, 5 - 1, 1, out, out}, logits);
  }

  @Test
  void whatIsNoNumberOrLeavesNothingGivesNoToken() {
    HostSampler sampler = new HostSampler();
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      float[] logits = new float[VOCABULARY];
      logits[200] = bad;
      for (Draw draw :
          List.of(choice(1, 0, 1, 0, 0), greedy(LogitChanges.NONE, 1), new Draw.Score(1, 0))) {
        assertEquals(DrawnTokens.NOT_NUMBERS, id(sampler, logits, draw));
      }
    }
    LogitChanges nothing = changes(new int[] {4}, new int[] {4}, NONE, 0);
    assertEquals(DrawnTokens.NOTHING_LEFT, id(sampler, new float[VOCABULARY], greedy(nothing, -1)));
  }

  private static Draw.Choice choice(
      double temperature, int topK, double topP, double minP, double uniform) {
    return new Draw.Choice(LogitChanges.NONE, temperature, topK, topP, minP, uniform, -1);
  }

  private static Draw.Choice withUniform(Draw.Choice base, double uniform) {
    return choice(base.temperature(), base.topK(), base.topP(), base.minP(), uniform);
  }

  private static Draw.Choice greedy(LogitChanges changes, int logprobs) {
    return new Draw.Choice(changes, 0, 0, 1, 0, 0, logprobs);
  }

  private static LogitChanges changes(int[] allowed, int[] forbidden, int[] biased, float bias) {
    float[] biases = new float[biased.length];
    Arrays.fill(biases, bias);
    return new LogitChanges(allowed, forbidden, biased, biases, LogitChanges.Penalties.NONE);
  }

  private static DrawnTokens draw(HostSampler sampler, float[] logits, Draw draw) {
    return sampler.draw(logits, VOCABULARY, new Draws(List.of(draw)));
  }

  private static int id(HostSampler sampler, float[] logits, Draw draw) {
    return draw(sampler, logits, draw).ids()[0];
  }
}
