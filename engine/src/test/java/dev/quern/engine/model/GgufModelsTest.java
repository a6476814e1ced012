package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.quern.engine.model.GreedyRunner.Sequence;
import dev.quern.engine.model.GreedyRunner.Turn;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tiny GGUF files of every architecture against transformers, which ran the models that they were
 * made from (see benchmarks/oracle/gguf).
 */
class GgufModelsTest {
  private static final int PROMPT_AND_MORE = 96;

  private static Backend backend;

  @BeforeAll
  static void open() {
    backend = TorchBackend.open(1);
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static Path folder() {
    try {
      return Path.of(GgufModelsTest.class.getResource("/gguf").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".gguf"))
          .sorted()
          .toList();
    }
  }

  @Test
  void everyArchitectureIsThere() throws IOException {
    assertTrue(
        names()
            .containsAll(
                List.of(
                    "gemma2.gguf",
                    "gemma3.gguf",
                    "llama.gguf",
                    "llama-quantised.gguf",
                    "mixtral.gguf",
                    "phi3.gguf",
                    "qwen2.gguf",
                    "qwen3.gguf",
                    "qwen3moe.gguf")));
  }

  @ParameterizedTest
  @MethodSource("names")
  void greedyTokensAreThoseOfTheSource(String name) throws IOException {
    Path file = folder().resolve(name);
    JsonNode golden =
        new JsonMapper().readTree(folder().resolve(name.replace(".gguf", ".json")).toFile());
    int[] expected = ints(golden.get("greedy"));
    LoadOptions options =
        LoadOptions.defaults().withDtype(DType.F32).withContextLength(PROMPT_AND_MORE);
    Checkpoint checkpoint = Checkpoint.open(file);
    try (CausalModel model = Models.load(checkpoint, backend, options);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      assertEquals(checkpoint.parameters(), model.parameters());
      Sequence sequence = runner.start(ints(golden.get("prompt")));
      runner.step(List.of(new Turn(sequence, sequence.pending())), /* allLogits= */ false);
      runner.generate(sequence, expected.length);
      assertArrayEquals(expected, sequence.generated());
    }
  }

  /**
   * A quantised file loads in the type that the processor is fast in, which only has to run here.
   */
  @Test
  void aQuantisedFileLoadsInAFastType() {
    Checkpoint checkpoint = Checkpoint.open(folder().resolve("llama-quantised.gguf"));
    try (CausalModel model = Models.load(checkpoint, backend, LoadOptions.defaults());
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      assertEquals(backend.isFastIn(DType.BF16) ? DType.BF16 : DType.F32, model.dtype());
      Sequence sequence = runner.start(new int[] {5, 6, 7});
      runner.generate(sequence, 4);
      assertEquals(4, sequence.generated().length);
    }
  }

  private static int[] ints(JsonNode json) {
    return StreamSupport.stream(json.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }
}
