package dev.quern.engine.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.StoredType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What {@link Backend#draw} must give on every backend. Evenly spread random numbers hit each token
 * as often as its probability says, to one: that holds whatever the order of tokens is in which a
 * backend cumulates them.
 */
public abstract class DrawContract {
  private static final int VOCABULARY = 64;

  /** Draws of one distribution; few, since an emulated device takes its time. */
  private static final int DRAWS = 64;

  /** Of an embedding. */
  private static final int WIDTH = 8;

  private static final int[] NONE = {};

  private final Random random = new Random(5);
  private Path folder;
  private int files;
  protected Backend backend;
  private WeightLoader weights;

  protected abstract Backend open();

  @BeforeEach
  final void openBackend(@TempDir Path temporary) {
    folder = temporary;
    backend = open();
    weights = backend.weights(DType.F32);
  }

  @AfterEach
  final void closeBackend() {
    weights.close();
    backend.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void theLargestLogitIsTakenAndTheLowestOfEqualOnes(DType dtype) {
    double[] values = new double[6 * 1000];
    Arrays.fill(values, -2);
    values[10] = values[700] = 5;
    values[1999] = 1;
    values[2000 + 500] = Double.NaN;
    values[3000] = Double.POSITIVE_INFINITY;
    values[4000 + 3] = Double.NEGATIVE_INFINITY;
    int[] expected = {10, 999, DrawnTokens.NOT_NUMBERS, DrawnTokens.NOT_NUMBERS, 0, 0};
    Table table = table(dtype, values, 1000);
    Draw.Choice last = new Draw.Choice(LogitChanges.NONE, 0, 0, 1, 0, 0, 0);
    for (Draw.Choice other : List.of(Draw.Choice.LARGEST, last)) {
      List<Draw> draws = new ArrayList<>(Collections.nCopies(5, Draw.Choice.LARGEST));
      draws.add(other);
      assertArrayEquals(expected, ids(table, draws, 0, 1, 2, 3, 4, 5));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void drawsFollowTheDistribution(DType dtype) {
    Table table = distinct(dtype);
    for (double temperature : new double[] {0.6, 1.5}) {
      for (int topK : new int[] {0, 9, VOCABULARY + 5}) {
        assertDistribution(table, 0.3 + 0.6 * random.nextDouble(), temperature, topK);
        assertDistribution(table, 1, temperature, topK);
      }
    }
  }

  private void assertDistribution(Table table, double topP, double temperature, int topK) {
    double minP = random.nextBoolean() ? 0 : 0.02 + 0.2 * random.nextDouble();
    assertDistribution(
        table, new Draw.Choice(LogitChanges.NONE, temperature, topK, topP, minP, 0, -1));
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void changesComeBeforeTheDraw(DType dtype) {
    Table table = distinct(dtype);
    int[] some = IntStream.range(0, VOCABULARY).filter(i -> i % 3 == 0).toArray();
    int[] others = IntStream.range(0, VOCABULARY).filter(i -> i % 5 == 0).toArray();
    int[] counts = new int[some.length];
    Arrays.setAll(counts, i -> i % 4);
    float[] biases = new float[others.length];
    for (int i = 0; i < biases.length; i++) {
      biases[i] = 3 * random.nextFloat() - 1;
    }
    LogitChanges.Penalties none = LogitChanges.Penalties.NONE;
    LogitChanges.Penalties penalties = new LogitChanges.Penalties(some, counts, 1.4f, 0.35f, 0.6f);
    for (LogitChanges changes :
        List.of(
            new LogitChanges(some, NONE, NONE, new float[0], none),
            new LogitChanges(NONE, others, NONE, new float[0], none),
            new LogitChanges(NONE, NONE, others, biases, none),
            new LogitChanges(NONE, NONE, NONE, new float[0], penalties),
            new LogitChanges(others, NONE, others, biases, penalties),
            new LogitChanges(NONE, some, others, biases, penalties))) {
      assertDistribution(table, new Draw.Choice(changes, 0.8, 0, 1, 0, 0, -1));
      assertDistribution(table, new Draw.Choice(changes, 1.2, 12, 0.83, 0.021, 0, -1));
      assertDistribution(table, new Draw.Choice(changes, 0, 0, 1, 0, 0, -1));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void logProbabilitiesAreOfTheLogitsAsTheyWere(DType dtype) {
    int vocabulary = 5000;
    Table table = table(dtype, random.doubles(3L * vocabulary, -9, 9).toArray(), vocabulary);
    LogitChanges bias =
        new LogitChanges(
            NONE, NONE, new int[] {4321}, new float[] {100}, LogitChanges.Penalties.NONE);
    List<Draw> draws =
        List.of(
            new Draw.Choice(bias, 0.7, 3, 0.9, 0.1, 0.5, 5),
            new Draw.Score(77, 20),
            new Draw.Choice(LogitChanges.NONE, 0, 0, 1, 0, 0, 0));
    try (Workspace _ = backend.openWorkspace();
        DrawnTokens drawn = backend.draw(logits(table, 0, 1, 2), new Draws(draws))) {
      int best = order(table.row(2)).getFirst();
      assertArrayEquals(new int[] {4321, 77, best}, drawn.ids());
      for (int row = 0; row < 3; row++) {
        assertScores(
            table.row(row), drawn.ids()[row], draws.get(row).logprobs(), drawn.scores(row));
      }
    }
  }

  private static void assertScores(double[] logits, int token, int alternatives, TokenScores told) {
    assertEquals(DrawReference.logProbability(logits, token), told.logprob(), 2e-5);
    List<Integer> order = order(logits).subList(0, alternatives);
    assertEquals(order, Arrays.stream(told.top()).boxed().toList());
    assertEquals(alternatives, told.topLogprobs().length);
    for (int place = 0; place < alternatives; place++) {
      assertEquals(
          DrawReference.logProbability(logits, order.get(place)), told.topLogprobs()[place], 2e-5);
    }
  }

  private static List<Integer> order(double[] logits) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted((a, b) -> logits[a] == logits[b] ? a - b : Double.compare(logits[b], logits[a]))
        .toList();
  }

  @Test
  void aRowWithNoTokenToChooseSaysWhyAndSparesTheOthers() {
    double[] values = new double[3 * 50];
    values[20] = 3;
    values[50 + 7] = Double.NaN;
    values[100 + 9] = 2;
    LogitChanges nothing =
        new LogitChanges(
            new int[] {4, 5}, new int[] {5, 4}, NONE, new float[0], LogitChanges.Penalties.NONE);
    List<Draw> draws = new ArrayList<>();
    draws.add(new Draw.Choice(nothing, 1, 0, 1, 0, 0.3, -1));
    draws.add(new Draw.Choice(LogitChanges.NONE, 1, 0, 1, 0, 0.3, -1));
    draws.add(new Draw.Choice(LogitChanges.NONE, 0.01, 0, 1, 0, 0.3, -1));
    int[] expected = {DrawnTokens.NOTHING_LEFT, DrawnTokens.NOT_NUMBERS, 9};
    Table table = table(DType.F32, values, 50);
    assertArrayEquals(expected, ids(table, draws, 0, 1, 2));
    draws.set(1, new Draw.Score(3, 1));
    assertArrayEquals(expected, ids(table, draws, 0, 1, 2));
  }

  @Test
  void theSameNumberDrawsTheSameTokenWhereverTheRowIs() {
    Table table = distinct(DType.F32);
    Draw draw = new Draw.Choice(LogitChanges.NONE, 1.3, 0, 0.9, 0, 0.4321, -1);
    int[] rows = new int[9];
    int[] ids = ids(table, Collections.nCopies(9, draw), rows);
    assertEquals(1, Arrays.stream(ids).distinct().count());
    assertEquals(ids[0], ids(table, List.of(draw), 0)[0]);
  }

  @Test
  void tokensOutliveTheStepAndTheDrawAfter() {
    Table table = distinct(DType.F32);
    int best = order(table.row(0)).getFirst();
    DrawnTokens first = draw(table, List.of(new Draw.Score(3, 2), Draw.Choice.LARGEST), 0, 0);
    try (DrawnTokens second = draw(table, List.of(new Draw.Score(8, 1)), 0)) {
      assertArrayEquals(new int[] {3, best}, first.ids());
      assertEquals(best, first.scores(0).top()[0]);
      assertArrayEquals(new int[] {8}, second.ids());
      assertArrayEquals(new int[] {3, best}, first.ids(), "again");
    }
    first.close();
  }

  @Test
  void noRowsGiveNoTokens() {
    Table table = distinct(DType.F32);
    try (Workspace _ = backend.openWorkspace()) {
      Tensor none = backend.rows(logits(table, 0), backend.upload(batch(null, 0)).logitRows());
      try (DrawnTokens drawn = backend.draw(none, new Draws(List.of()))) {
        assertEquals(0, drawn.ids().length);
      }
    }
  }

  /** A batch may name tokens before anyone has read them, where the backend says so. */
  @Test
  void batchesNameDrawnTokens() {
    double[] values = new double[3 * 50];
    values[20] = 3;
    values[50 + 7] = Double.NaN;
    values[100 + 9] = 2;
    Table table = table(DType.F32, values, 50);
    Table embedding = table(DType.F32, random.doubles(50 * WIDTH).toArray(), WIDTH);
    try (DrawnTokens drawn = draw(table, Collections.nCopies(3, Draw.Choice.LARGEST), 0, 1, 2);
        Workspace _ = backend.openWorkspace()) {
      ForwardBatch batch = batch(drawn, -3, 11, -1, -2);
      if (!backend.drawsAhead()) {
        assertThrows(IllegalArgumentException.class, () -> backend.upload(batch));
        return;
      }
      DeviceBatch uploaded = backend.upload(batch);
      float[] rows =
          backend.toHost(
              backend.embedding(weights.tensor(embedding.source()), uploaded.tokenIds()));
      int[] named = {9, 11, 20};
      for (int i = 0; i < named.length; i++) {
        double[] expected = embedding.row(named[i]);
        for (int column = 0; column < WIDTH; column++) {
          assertEquals(expected[column], rows[WIDTH * i + column], 1e-6);
        }
      }
      for (int column = 0; column < WIDTH; column++) {
        float ofNoToken = rows[WIDTH * named.length + column];
        assertTrue(ofNoToken >= 0 && ofNoToken < 1, "nobody's, but a number: " + ofNoToken);
      }
    }
  }

  /** Draws often enough to count. */
  private void assertDistribution(Table table, Draw.Choice choice) {
    double[] expected;
    try {
      expected = DrawReference.probabilities(table.row(0), choice);
    } catch (DrawReference.Ambiguous e) {
      // Rounding may go either way here, and the next case is as good.
      return;
    }
    List<Draw> draws = new ArrayList<>();
    for (int i = 0; i < DRAWS; i++) {
      draws.add(
          new Draw.Choice(
              choice.changes(),
              choice.temperature(),
              choice.topK(),
              choice.topP(),
              choice.minP(),
              (i + 0.5) / DRAWS,
              -1));
    }
    int[] counts = new int[VOCABULARY];
    for (int id : ids(table, draws, new int[DRAWS])) {
      assertTrue(id >= 0 && id < VOCABULARY, "token " + id);
      counts[id]++;
    }
    for (int id = 0; id < VOCABULARY; id++) {
      double off = Math.abs(counts[id] - DRAWS * expected[id]);
      assertTrue(
          expected[id] == 0 ? counts[id] == 0 : off < 1.5,
          "%s: token %d %d times of %d instead of %.2f"
              .formatted(choice, id, counts[id], DRAWS, DRAWS * expected[id]));
    }
  }

  private int[] ids(Table table, List<Draw> draws, int... rows) {
    try (DrawnTokens drawn = draw(table, draws, rows)) {
      return drawn.ids();
    }
  }

  private DrawnTokens draw(Table table, List<Draw> draws, int... rows) {
    try (Workspace _ = backend.openWorkspace()) {
      return backend.draw(logits(table, rows), new Draws(draws));
    }
  }

  /** Logits with known values, and the same on the device. */
  private record Table(double[] values, int columns, WeightSource source) {
    double[] row(int row) {
      return Arrays.copyOfRange(values, row * columns, (row + 1) * columns);
    }
  }

  /** Rows of a table as logits on the device. */
  private Tensor logits(Table table, int... rows) {
    return backend.embedding(
        weights.tensor(table.source()), backend.upload(batch(null, rows)).tokenIds());
  }

  private static ForwardBatch batch(@Nullable DrawnTokens drawn, int... ids) {
    return new ForwardBatch(
        ids,
        new int[ids.length],
        new int[ids.length],
        new int[] {0, ids.length},
        new int[] {ids.length},
        new int[][] {{0}},
        NONE,
        drawn);
  }

  /** One row of logits no two of which are equal in any type. */
  private Table distinct(DType dtype) {
    List<Double> values = new ArrayList<>();
    for (int i = 0; i < VOCABULARY; i++) {
      values.add((i - VOCABULARY / 2) / 8.0);
    }
    Collections.shuffle(values, random);
    return table(dtype, values.stream().mapToDouble(Double::doubleValue).toArray(), VOCABULARY);
  }

  private Table table(DType dtype, double[] values, int columns) {
    weights.close();
    weights = backend.weights(dtype);
    TestCheckpoint checkpoint =
        new TestCheckpoint(folder.resolve("logits-" + files++ + ".safetensors"), 0);
    double[] held =
        checkpoint.add(
            "tensor", StoredType.valueOf(dtype.name()), values, values.length / columns, columns);
    return new Table(held, columns, WeightSource.of(checkpoint.write().get(0)));
  }
}
