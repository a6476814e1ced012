package dev.quern.engine.tensor.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.WeightSource;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HeldWeightsTest {
  @ParameterizedTest
  @CsvSource({
    // oneDNN has, ours runs, computed in, stored as, held in, multiplied by
    "F32 BF16, true,  F32,  BF16,     F32,  PACKED",
    "F32 BF16, true,  BF16, BF16,     BF16, PACKED",
    "F32 BF16, true,  F16,  F16,      F16,  WIDENED",
    "F32,      true,  F32,  BF16,     BF16, WIDENED",
    "F32,      true,  F32,  F16,      F16,  WIDENED",
    "F32,      true,  F32,  F32,      F32,  PACKED",
    "F32,      true,  F32,  F64,      F32,  PACKED",
    "F32,      true,  F32,  Q8_0,     F32,  PACKED",
    "F32,      true,  F32,  BF16 F16, F32,  PACKED",
    "F32,      true,  F32,  BF16 F32, F32,  PACKED",
    "F32,      true,  BF16, F32,      BF16, WIDENED",
    "F32,      true,  F16,  BF16,     F16,  WIDENED",
    "F32,      false, F32,  BF16,     F32,  PACKED",
    "F32,      false, BF16, BF16,     BF16, PLAIN",
    "F32,      false, F16,  F16,      F16,  PLAIN",
  })
  void followsTheProcessor(
      String packable,
      boolean widening,
      DType computed,
      String stored,
      DType type,
      TorchProducts products) {
    Set<DType> types = EnumSet.noneOf(DType.class);
    Arrays.stream(packable.split(" ")).map(DType::valueOf).forEach(types::add);
    List<WeightSource> parts =
        Arrays.stream(stored.split(" ")).map(name -> part(StoredType.valueOf(name))).toList();
    assertEquals(
        new HeldWeights.Held(type, products), new HeldWeights(types, widening).of(computed, parts));
  }

  private static WeightSource part(StoredType type) {
    return WeightSource.of(
        new TensorEntry("part", type, List.of(1L, 64L), Path.of("file"), 0, type.bytesOf(64)));
  }
}
