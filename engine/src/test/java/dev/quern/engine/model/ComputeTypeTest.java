package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.engine.tensor.DType;
import dev.quern.store.StoredType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComputeTypeTest {
  @ParameterizedTest
  @CsvSource({
    // stored, the device is fast in bf16, weights are kept for fp32, fp32 fits, chosen, the remark
    "BF16, true,  false, true,  BF16, ''",
    "BF16, true,  false, false, BF16, ''",
    "BF16, true,  true,  true,  BF16, ''",
    "BF16, false, true,  true,  F32,  weights as they are stored",
    "BF16, false, false, true,  F32,  --dtype bf16",
    "BF16, false, false, false, BF16, no memory",
    "F16,  true,  false, true,  BF16, --dtype fp16",
    "F16,  false, true,  false, F32,  weights as they are stored",
    "F16,  false, false, true,  F32,  --dtype bf16",
    "F16,  false, false, false, BF16, no memory",
    "F32,  true,  false, true,  F32,  ''",
    "F32,  false, false, false, F32,  ''",
    "F64,  true,  false, true,  F32,  ''",
    "F8_E4M3, true, false, true, BF16, ''",
  })
  void followsTheStoredTypeWhereTheDeviceIsFastInIt(
      StoredType stored,
      boolean fastBf16,
      boolean keptForFp32,
      boolean fitsFp32,
      DType chosen,
      String named) {
    ComputeType type = ComputeType.of(stored, fastBf16, keptForFp32, fitsFp32);
    assertEquals(chosen, type.dtype());
    assertEquals(
        !named.isEmpty(), type.remark().filter(words -> words.contains(named)).isPresent());
    assertEquals(named.isEmpty(), type.remark().isEmpty());
  }
}
