package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints in eight bits with scales of every layout, see benchmarks/oracle/fp8. */
class Float8ModelsTest {
  @ParameterizedTest
  @ValueSource(strings = {"tiles", "small-tiles", "rows", "whole"})
  void greedyTokensAreThoseOfTheScaledWeights(String name) throws Exception {
    Path folder = Path.of(Float8ModelsTest.class.getResource("/fp8/" + name).toURI());
    JsonNode golden = new JsonMapper().readTree(folder.resolve("golden.json").toFile());
    int[] expected = ints(golden.get("greedy"));
    LoadOptions options = LoadOptions.defaults().withDtype(DType.F32);
    try (Backend backend = TorchBackend.open(1);
        CausalModel model = Models.load(Checkpoint.open(folder), backend, options);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      Sequence sequence = runner.start(ints(golden.get("prompt")));
      runner.step(List.of(new Turn(sequence, sequence.pending())), /* allLogits= */ false);
      runner.generate(sequence, expected.length);
      assertArrayEquals(expected, sequence.generated());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiles", "small-tiles", "rows", "whole"})
  void theTypeToComputeInHasNoScales(String name) throws IOException, URISyntaxException {
    Path folder = Path.of(Float8ModelsTest.class.getResource("/fp8/" + name).toURI());
    try (Backend backend = TorchBackend.open(1);
        CausalModel model = Models.load(Checkpoint.open(folder), backend, LoadOptions.defaults())) {
      assertEquals(backend.isFastIn(DType.BF16) ? DType.BF16 : DType.F32, model.dtype());
    }
  }

  private static int[] ints(JsonNode json) {
    return StreamSupport.stream(json.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }
}
