package dev.quern.engine.model;

import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.cuda.TestGpu;
import dev.quern.store.Checkpoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The families on the emulated GPU: the same goldens, the same tolerances. Emulated steps take
 * long, so that whole prompts in fp32 and mixed batches in bf16 are tried with every checkpoint,
 * and other ways to split the tokens with one of each architecture.
 */
class CudaFamiliesTest extends FamiliesContract {
  @Override
  Backend open() {
    return TestGpu.open(EmulatorMode.DEFAULT);
  }

  @Override
  int mostSingleTokens() {
    return 5;
  }

  @Override
  int mostGenerated() {
    return 12;
  }

  /** The first checkpoint of each architecture. */
  static List<String> oneOfEach() {
    Map<String, String> names = new LinkedHashMap<>();
    for (String name : Golden.names()) {
      Checkpoint checkpoint = Checkpoint.open(Golden.families().resolve(name));
      names.putIfAbsent(checkpoint.architecture(), name);
    }
    return List.copyOf(names.values());
  }

  @Override
  @ParameterizedTest
  @MethodSource("oneOfEach")
  void fp32Chunks(String name) {
    super.fp32Chunks(name);
  }

  @Override
  @ParameterizedTest
  @MethodSource("oneOfEach")
  void fp32OneByOne(String name) {
    super.fp32OneByOne(name);
  }

  @Override
  @ParameterizedTest
  @MethodSource("oneOfEach")
  void fp32MixedBatch(String name) {
    super.fp32MixedBatch(name);
  }

  @Override
  @ParameterizedTest
  @MethodSource("oneOfEach")
  void bf16WholePromptAndChunksAndOneByOne(String name) {
    super.bf16WholePromptAndChunksAndOneByOne(name);
  }
}
