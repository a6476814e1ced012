package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.model.GreedyRunner.Sequence;
import dev.quern.engine.model.GreedyRunner.Turn;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.store.Checkpoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every family against transformers on tiny checkpoints, for whatever backend: in fp32 the same
 * logits and tokens, in bf16 the same tokens as long as they are clear, whatever way the tokens are
 * split over steps.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class FamiliesContract {
  private static final int VOCABULARY = 256;

  private Backend backend;

  /** Opens the backend on the calling thread. */
  abstract Backend open();

  /** Most tokens of a prompt that are computed one by one, and not at once before the others. */
  int mostSingleTokens() {
    return Integer.MAX_VALUE;
  }

  /** Most tokens that are generated, but where a prompt is computed whole in fp32: there all. */
  int mostGenerated() {
    return Integer.MAX_VALUE;
  }

  private int[] first(int[] greedy) {
    return Arrays.copyOf(greedy, Math.min(greedy.length, mostGenerated()));
  }

  @BeforeAll
  final void openBackend() {
    backend = open();
  }

  @AfterAll
  final void closeBackend() {
    if (backend != null) {
      backend.close();
    }
  }

  final Backend backend() {
    return backend;
  }

  static List<String> names() {
    return Golden.names();
  }

  private CausalModel load(Golden golden, DType dtype) {
    LoadOptions options = LoadOptions.defaults().withDtype(dtype);
    if (golden.contextLength().isPresent()) {
      options = options.withContextLength(golden.contextLength().getAsInt());
    }
    return Models.load(Checkpoint.open(golden.folder()), backend, options);
  }

  @ParameterizedTest
  @MethodSource("names")
  void fp32WholePrompt(String name) {
    Golden golden = Golden.read(name);
    try (CausalModel model = load(golden, DType.F32);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      Sequence sequence = prefill(runner, golden, List.of(golden.prompt().length));
      assertSameLogits(golden.logits(), sequence.logits());
      runner.generate(sequence, golden.greedy().length);
      assertArrayEquals(golden.greedy(), sequence.generated());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void fp32Chunks(String name) {
    Golden golden = Golden.read(name);
    try (CausalModel model = load(golden, DType.F32);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      Sequence sequence = prefill(runner, golden, List.of(7, 16, 17));
      assertSameLogits(golden.logits(), sequence.logits());
      runner.generate(sequence, first(golden.greedy()).length);
      assertArrayEquals(first(golden.greedy()), sequence.generated());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void fp32OneByOne(String name) {
    Golden golden = Golden.read(name);
    try (CausalModel model = load(golden, DType.F32);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      Sequence sequence = prefill(runner, golden, oneByOne(golden));
      assertSameLogits(golden.logits(), sequence.logits());
      runner.generate(sequence, first(golden.greedy()).length);
      assertArrayEquals(first(golden.greedy()), sequence.generated());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void fp32MixedBatch(String name) {
    Golden golden = Golden.read(name);
    try (CausalModel model = load(golden, DType.F32);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      Mixed mixed = runMixed(runner, golden);
      assertArrayEquals(first(golden.greedy()), mixed.early.generated());
      assertArrayEquals(first(golden.greedy()), mixed.late.generated());
      // Attention is causal: the logits at the end of a prefix are those within the prompt.
      int end = mixed.prefixLength - 1;
      assertSameLogits(
          new float[][] {golden.logits()[end]}, List.of(mixed.prefix.logits().getFirst()));
      Sequence alone = runner.start(Arrays.copyOf(golden.prompt(), mixed.prefixLength));
      runner.generate(alone, mixed.prefix.generated().length);
      assertArrayEquals(alone.generated(), mixed.prefix.generated());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bf16WholePromptAndChunksAndOneByOne(String name) {
    Golden golden = Golden.read(name);
    try (CausalModel model = load(golden, DType.BF16)) {
      for (List<Integer> chunks :
          List.of(List.of(golden.prompt().length), List.of(7, 16, 17), oneByOne(golden))) {
        try (GreedyRunner runner = new GreedyRunner(backend, model)) {
          Sequence sequence = prefill(runner, golden, chunks);
          runner.generate(sequence, first(golden.bf16Greedy()).length);
          assertSameWhereClear(golden, sequence, golden.prompt().length - 1);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bf16MixedBatch(String name) {
    Golden golden = Golden.read(name);
    try (CausalModel model = load(golden, DType.BF16);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      Mixed mixed = runMixed(runner, golden);
      assertSameWhereClear(golden, mixed.early, 0);
      assertSameWhereClear(golden, mixed.late, 0);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void sizesAreTheCheckpoints(String name) {
    Golden golden = Golden.read(name);
    Checkpoint checkpoint = Checkpoint.open(golden.folder());
    List<Long> progress = new ArrayList<>();
    LoadOptions options =
        new LoadOptions(Optional.of(DType.BF16), golden.contextLength(), progress::add);
    try (CausalModel model = Models.load(checkpoint, backend, options)) {
      assertEquals(checkpoint.architecture(), model.architecture());
      assertEquals(VOCABULARY, model.vocabularySize());
      assertEquals(DType.BF16, model.dtype());
      assertEquals(checkpoint.parameters(), model.parameters());
      assertEquals(checkpoint.bytes(), progress.getLast());
      assertTrue(model.memoryUse().allocatedBytes() + model.memoryUse().mappedBytes() > 0);
      assertEquals(
          checkpoint.config().get("num_hidden_layers").intValue(), model.kvCacheShape(16).layers());
      assertEquals(DType.BF16, model.kvCacheShape(16).dtype());
    }
  }

  private List<Integer> oneByOne(Golden golden) {
    int length = golden.prompt().length;
    int single = Math.min(length, mostSingleTokens());
    List<Integer> chunks = new ArrayList<>();
    if (single < length) {
      chunks.add(length - single);
    }
    chunks.addAll(Collections.nCopies(single, 1));
    return chunks;
  }

  private static Sequence prefill(GreedyRunner runner, Golden golden, List<Integer> chunks) {
    Sequence sequence = runner.start(golden.prompt());
    for (int chunk : chunks) {
      runner.step(List.of(new Turn(sequence, chunk)), /* allLogits= */ true);
    }
    return sequence;
  }

  /** Three sequences: two of the whole prompt, one of its beginning. */
  private record Mixed(Sequence early, Sequence prefix, Sequence late, int prefixLength) {}

  /** Some decode while others prefill in chunks; the first ends before the last. */
  private Mixed runMixed(GreedyRunner runner, Golden golden) {
    int prefixLength = 23;
    int count = first(golden.greedy()).length;
    Sequence early = runner.start(golden.prompt());
    Sequence prefix = runner.start(Arrays.copyOf(golden.prompt(), prefixLength));
    Sequence late = runner.start(golden.prompt());
    runner.step(List.of(new Turn(early, 33)), false);
    runner.step(List.of(new Turn(early, 7), new Turn(prefix, 10)), false);
    runner.step(List.of(new Turn(prefix, 13), new Turn(early, 1), new Turn(late, 5)), false);
    runner.step(List.of(new Turn(late, 19), new Turn(prefix, 1), new Turn(early, 1)), false);
    runner.step(List.of(new Turn(early, 1), new Turn(late, 16), new Turn(prefix, 1)), false);
    while (late.generated().length < count) {
      List<Turn> turns = new ArrayList<>();
      for (Sequence sequence : List.of(late, early, prefix)) {
        if (sequence.generated().length < count) {
          turns.add(new Turn(sequence, 1));
        }
      }
      runner.step(turns, false);
    }
    return new Mixed(early, prefix, late, prefixLength);
  }

  /** Row by row within 1e-4, by the norm of the row and by its largest element. */
  private static void assertSameLogits(float[][] expected, List<float[]> actual) {
    assertEquals(expected.length, actual.size());
    for (int row = 0; row < expected.length; row++) {
      double norm = 0;
      double largest = 0;
      double distance = 0;
      double farthest = 0;
      for (int i = 0; i < VOCABULARY; i++) {
        double difference = actual.get(row)[i] - expected[row][i];
        norm += expected[row][i] * expected[row][i];
        largest = Math.max(largest, Math.abs(expected[row][i]));
        distance += difference * difference;
        farthest = Math.max(farthest, Math.abs(difference));
      }
      assertTrue(
          Math.sqrt(distance / norm) < 1e-4 && farthest / largest < 1e-4,
          "row " + row + ": " + Math.sqrt(distance / norm) + ", " + farthest / largest);
    }
  }

  /**
   * The tokens generated are the same up to a first difference, and there each side's token is
   * among the other's five likeliest.
   *
   * @param firstStep row of the sequence's logits that chose the first token
   */
  static void assertSameWhereClear(Golden golden, Sequence sequence, int firstStep) {
    int[] actual = sequence.generated();
    assertTrue(actual.length >= 12 && actual.length <= golden.bf16Greedy().length);
    int[] expected = Arrays.copyOf(golden.bf16Greedy(), actual.length);
    int step = Arrays.mismatch(expected, actual);
    if (step < 0) {
      return;
    }
    int[] theirs = golden.bf16Top5()[step];
    int[] ours = topFive(sequence.logits().get(firstStep + step));
    String difference = "step " + step + ": " + actual[step] + " for " + expected[step];
    assertTrue(contains(theirs, actual[step]), difference);
    assertTrue(contains(ours, expected[step]), difference);
  }

  private static boolean contains(int[] tokens, int token) {
    return Arrays.stream(tokens).anyMatch(candidate -> candidate == token);
  }

  private static int[] topFive(float[] logits) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted((a, b) -> Float.compare(logits[b], logits[a]))
        .limit(5)
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
