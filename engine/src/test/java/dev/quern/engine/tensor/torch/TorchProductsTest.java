package dev.quern.engine.tensor.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.engine.tensor.DType;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class TorchProductsTest {
  @Test
  void whereOneDnnHasTheTypeItsLayoutIsUsed() {
    Set<DType> packable = Set.of(DType.F32, DType.BF16);
    assertEquals(TorchProducts.PACKED, TorchProducts.of(DType.F32, packable));
    assertEquals(TorchProducts.PACKED, TorchProducts.of(DType.BF16, packable));
    assertEquals(TorchProducts.PLAIN, TorchProducts.of(DType.F16, packable));
  }

  @Test
  void withoutAvx512Bf16IsWidened() {
    Set<DType> packable = Set.of(DType.F32);
    assertEquals(TorchProducts.PACKED, TorchProducts.of(DType.F32, packable));
    assertEquals(TorchProducts.WIDENED, TorchProducts.of(DType.BF16, packable));
    assertEquals(TorchProducts.PLAIN, TorchProducts.of(DType.F16, packable));
  }
}
