package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.model.GreedyRunner.Sequence;
import dev.quern.engine.model.GreedyRunner.Turn;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.Workspace;
import dev.quern.engine.tensor.cuda.TestGpu;
import dev.quern.store.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Decode steps as graphs: logits of the same bits as launched kernel by kernel, whatever happens
 * between the steps.
 */
class CudaGraphsTest {
  private static final int VOCABULARY = 256;

  /** Sequences of each step: of the shapes 1, 8, 16 and 4. */
  private static final int[] SIZES = {1, 1, 1, 1, 5, 5, 5, 9, 9, 9, 3, 3, 1};

  private final Path folder;

  CudaGraphsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @ParameterizedTest
  @CsvSource({"llama, F32", "llama, BF16", "mixtral, F32", "mixtral, BF16"})
  void batchesThatGrowAndShrinkHaveTheSameBits(String name, DType dtype) {
    Path checkpoint = Golden.families().resolve(name);
    Run kernels = run(false, checkpoint, dtype, CudaGraphsTest::growAndShrink);
    Run graphs = run(true, checkpoint, dtype, CudaGraphsTest::growAndShrink);
    assertSameBits(kernels.logits(), graphs.logits());
    assertEquals(passes(SIZES.length + 9, 0, 0), kernels.passes());
    // Short contexts have one split in fp32. In bf16 the first step takes room for more, and that
    // moves memory, so that the second is a first one again.
    int again = dtype == DType.F32 ? 0 : 1;
    // Of each shape the first by kernels, the second recorded; and nine prompts.
    assertEquals(passes(again + 4 + 9, 4, 5 - again), graphs.passes());
  }

  private static List<float[]> growAndShrink(Backend backend, CausalModel model) {
    try (GreedyRunner runner = new GreedyRunner(backend, model)) {
      List<Sequence> sequences = new ArrayList<>();
      for (int size : SIZES) {
        while (sequences.size() < size) {
          Sequence next = runner.start(tokens(sequences.size(), 3 + 2 * sequences.size()));
          runner.step(List.of(new Turn(next, next.pending())), /* allLogits= */ false);
          sequences.add(next);
        }
        runner.step(oneEach(sequences.subList(0, size)), /* allLogits= */ false);
      }
      return logits(sequences);
    }
  }

  /**
   * A context grows past 256 tokens, which takes a wider block table and more splits; another
   * shares its blocks; a step in between needs more memory than there was; and all that again with
   * a model loaded anew.
   */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void longContextsSharedBlocksMovedMemoryAndReloadedModels(DType dtype) {
    Path checkpoint = longLlama();
    Function<Boolean, List<Run>> runs =
        graphs -> {
          try (Backend backend = TestGpu.open(EmulatorMode.DEFAULT, graphs)) {
            return List.of(
                run(backend, checkpoint, dtype, CudaGraphsTest::growPastABucket),
                run(backend, checkpoint, dtype, CudaGraphsTest::growPastABucket));
          }
        };
    List<Run> kernels = runs.apply(false);
    List<Run> graphs = runs.apply(true);
    assertSameBits(kernels.get(0).logits(), graphs.get(0).logits());
    assertSameBits(kernels.get(0).logits(), graphs.get(1).logits());
    assertEquals(0, kernels.get(1).passes().get("replayed"));
    long first = count(graphs.get(0), "replayed");
    assertTrue(first >= 5, graphs.get(0).toString());
    assertTrue(count(graphs.get(1), "replayed") >= first + 5, graphs.get(1).toString());
  }

  private static List<float[]> growPastABucket(Backend backend, CausalModel model) {
    try (GreedyRunner runner = new GreedyRunner(backend, model, 80)) {
      int[] prompt = tokens(1, 251);
      Sequence first = runner.start(prompt);
      runner.generate(first, 12);
      int[] other = prompt.clone();
      other[245] = 7;
      Sequence second = runner.startBehind(first, 14, other);
      runner.step(List.of(new Turn(second, second.pending())), /* allLogits= */ false);
      for (int step = 0; step < 9; step++) {
        if (step == 4) {
          growMemory(backend);
        }
        runner.step(oneEach(List.of(second, first)), /* allLogits= */ false);
      }
      return logits(List.of(first, second));
    }
  }

  /** Brings block tables that take more than steps have so far. */
  private static void growMemory(Backend backend) {
    long before = backend.freeMemoryBytes();
    long steps = backend.heldBytes().getOrDefault("workspace", 0L);
    try (Workspace _ = backend.openWorkspace()) {
      backend.upload(
          new ForwardBatch(
              new int[] {1},
              new int[] {0},
              new int[] {0},
              new int[] {0, 1},
              new int[] {1},
              new int[1][(int) (steps / Integer.BYTES)],
              new int[] {0}));
    }
    assertTrue(backend.freeMemoryBytes() < before);
  }

  @Test
  void aRecordingThatIsGivenUpBetweenLayersLeavesNothing() {
    Path checkpoint = Golden.families().resolve("llama");
    Run kernels = run(false, checkpoint, DType.F32, CudaGraphsTest::giveUpSteps);
    Run graphs = run(true, checkpoint, DType.F32, CudaGraphsTest::giveUpSteps);
    assertSameBits(kernels.logits(), graphs.logits());
    assertEquals(1, graphs.passes().get("recorded"));
    assertEquals(2, graphs.passes().get("replayed"));
  }

  private static List<float[]> giveUpSteps(Backend backend, CausalModel model) {
    try (GreedyRunner runner = new GreedyRunner(backend, model)) {
      Sequence sequence = runner.start(tokens(1, 6));
      runner.step(List.of(new Turn(sequence, 6)), /* allLogits= */ false);
      List<Turn> turn = oneEach(List.of(sequence));
      for (int step = 0; step < 4; step++) {
        if (step < 2) {
          int[] layers = {0};
          assertThrows(
              PassAbandonedException.class,
              () -> runner.step(turn, /* allLogits= */ false, () -> layers[0]++ < 1));
        }
        runner.step(turn, /* allLogits= */ false);
      }
      return logits(List.of(sequence));
    }
  }

  /** The pass goes on by kernels, and so do those after it; nobody fails. */
  @ParameterizedTest
  @CsvSource({
    "cuStreamBeginCapture_v2, 0, 0, 0",
    "cuLaunchKernel, 9, 0, 0",
    "cuGraphInstantiateWithFlags, 0, 0, 0",
    "cuGraphLaunch, 0, 0, 0",
    "cuGraphLaunch, 2, 1, 1"
  })
  void whatCannotBeRecordedOrLaunchedRunsByKernels(
      String call, int successes, int recorded, int replayed) {
    int outOfMemory = 2;
    Path checkpoint = Golden.families().resolve("llama");
    Run kernels = run(false, checkpoint, DType.BF16, CudaGraphsTest::fiveSteps);
    Run graphs =
        run(
            true,
            checkpoint,
            DType.BF16,
            (backend, model) -> {
              try (GreedyRunner runner = new GreedyRunner(backend, model)) {
                Sequence sequence = prefilled(runner);
                // The first takes memory, the second is the first over memory that stays.
                runner.step(oneEach(List.of(sequence)), /* allLogits= */ false);
                runner.step(oneEach(List.of(sequence)), /* allLogits= */ false);
                TestGpu.emulator().fail(call, successes, outOfMemory);
                for (int step = 2; step < 5; step++) {
                  runner.step(oneEach(List.of(sequence)), /* allLogits= */ false);
                }
                assertTrue(!backend.heldBytes().containsKey("graphs"));
                return logits(List.of(sequence));
              }
            });
    assertSameBits(kernels.logits(), graphs.logits());
    assertEquals(passes(6 - recorded - replayed, recorded, replayed), graphs.passes());
  }

  private static List<float[]> fiveSteps(Backend backend, CausalModel model) {
    try (GreedyRunner runner = new GreedyRunner(backend, model)) {
      Sequence sequence = prefilled(runner);
      for (int step = 0; step < 5; step++) {
        runner.step(oneEach(List.of(sequence)), /* allLogits= */ false);
      }
      return logits(List.of(sequence));
    }
  }

  private static Sequence prefilled(GreedyRunner runner) {
    Sequence sequence = runner.start(tokens(3, 5));
    runner.step(List.of(new Turn(sequence, 5)), /* allLogits= */ false);
    return sequence;
  }

  /** What a run left. */
  private record Run(List<float[]> logits, Map<String, Long> passes) {}

  @FunctionalInterface
  private interface Work {
    List<float[]> run(Backend backend, CausalModel model);
  }

  private static Run run(boolean graphs, Path checkpoint, DType dtype, Work work) {
    try (Backend backend = TestGpu.open(EmulatorMode.DEFAULT, graphs)) {
      return run(backend, checkpoint, dtype, work);
    }
  }

  private static Run run(Backend backend, Path checkpoint, DType dtype, Work work) {
    try (CausalModel model =
        Models.load(
            Checkpoint.open(checkpoint), backend, LoadOptions.defaults().withDtype(dtype))) {
      return new Run(work.run(backend, model), backend.passes());
    }
  }

  private static Map<String, Long> passes(long kernels, long recorded, long replayed) {
    return Map.of("kernels", kernels, "recorded", recorded, "replayed", replayed);
  }

  private static long count(Run run, String way) {
    return run.passes().getOrDefault(way, 0L);
  }

  private static List<Turn> oneEach(List<Sequence> sequences) {
    return sequences.stream().map(sequence -> new Turn(sequence, 1)).toList();
  }

  private static List<float[]> logits(List<Sequence> sequences) {
    return sequences.stream().flatMap(sequence -> sequence.logits().stream()).toList();
  }

  private static int[] tokens(int seed, int count) {
    return new Random(seed).ints(count, 3, VOCABULARY).toArray();
  }

  private static void assertSameBits(List<float[]> expected, List<float[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int row = 0; row < expected.size(); row++) {
      assertArrayEquals(bits(expected.get(row)), bits(actual.get(row)), "row " + row);
    }
  }

  private static int[] bits(float[] row) {
    return IntStream.range(0, row.length).map(i -> Float.floatToRawIntBits(row[i])).toArray();
  }

  /** The tiny Llama as if made for contexts of 1024 tokens. */
  private Path longLlama() {
    try (var files = Files.list(Golden.families().resolve("llama"))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
      Path config = folder.resolve("config.json");
      String text = Files.readString(config);
      String longer =
          text.replaceFirst(
              "\"max_position_embeddings\": *128", "\"max_position_embeddings\": 1024");
      assertTrue(!longer.equals(text), text);
      Files.writeString(config, longer);
      return folder;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
