package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The families on libtorch, and what holds for them on any backend. */
class FamiliesTest extends FamiliesContract {
  @Override
  Backend open() {
    return TorchBackend.open(1);
  }

  @Test
  void everyArchitectureHasGoldens() {
    Set<String> covered = new TreeSet<>();
    for (String name : Golden.names()) {
      covered.add(Checkpoint.open(Golden.families().resolve(name)).architecture());
    }
    assertEquals(Models.architectures(), covered);
  }

  @Test
  void typeFollowsTheStoredTypeUnlessAsked() {
    // Whether this processor is fast in bf16 is not this test's to say.
    DType ofBf16 = backend().isFastIn(DType.BF16) ? DType.BF16 : DType.F32;
    assertEquals(ofBf16, chosenType("llama"));
    assertEquals(DType.F32, chosenType("llama-bias"));
    assertEquals(ofBf16, chosenType("llama-tied"));
    Checkpoint checkpoint = Checkpoint.open(Golden.families().resolve("llama-tied"));
    try (CausalModel model =
        Models.load(checkpoint, backend(), LoadOptions.defaults().withDtype(DType.F16))) {
      assertEquals(DType.F16, model.dtype());
      assertFalse(model.kvCacheShape(16).dtype() == DType.F32);
    }
  }

  private DType chosenType(String name) {
    Checkpoint checkpoint = Checkpoint.open(Golden.families().resolve(name));
    try (CausalModel model = Models.load(checkpoint, backend(), Optional.empty())) {
      return model.dtype();
    }
  }
}
