package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Workspace;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A pass that is given up between layers leaves nothing behind that a later one could see. */
class PassGuardTest {
  private static final int TOKENS = 12;

  @Test
  void anAbandonedPassCanBeRunAgain() {
    Checkpoint checkpoint = Checkpoint.open(Golden.families().resolve("llama-tied"));
    try (Backend backend = TorchBackend.open(1);
        CausalModel model =
            Models.load(checkpoint, backend, LoadOptions.defaults().withDtype(DType.F32));
        KvCache cache = backend.kvCache(model.kvCacheShape(16), 2)) {
      float[] expected = logits(backend, model, cache, PassGuard.ALWAYS);
      AtomicInteger asked = new AtomicInteger();
      logits(
          backend,
          model,
          cache,
          () -> {
            asked.incrementAndGet();
            return true;
          });
      assertEquals(model.kvCacheShape(16).layers(), asked.get(), "once before each layer");
      for (int layer = 0; layer < asked.get(); layer++) {
        AtomicInteger left = new AtomicInteger(layer);
        assertThrows(
            PassAbandonedException.class,
            () -> logits(backend, model, cache, () -> left.getAndDecrement() > 0));
      }
      assertArrayEquals(expected, logits(backend, model, cache, PassGuard.ALWAYS));
    }
  }

  private static float[] logits(
      Backend backend, CausalModel model, KvCache cache, PassGuard guard) {
    int[] positions = IntStream.range(0, TOKENS).toArray();
    ForwardBatch batch =
        new ForwardBatch(
            IntStream.range(3, 3 + TOKENS).toArray(),
            positions,
            positions,
            new int[] {0, TOKENS},
            new int[] {TOKENS},
            new int[][] {{0}},
            new int[] {TOKENS - 1});
    try (Workspace _ = backend.openWorkspace()) {
      return backend.toHost(model.forward(batch, cache, guard));
    }
  }
}
