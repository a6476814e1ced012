package dev.quern.engine.tensor.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.BackendContract;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

final class TorchBackendTest extends BackendContract {
  @Override
  protected Backend open() {
    return TorchBackend.open(0);
  }

  private TorchBackend torch() {
    return (TorchBackend) backend;
  }

  @Test
  void everyOwnerFreesWhatItHeld() {
    long before = torch().liveValues();
    try (WeightLoader loader = backend.weights(DType.BF16);
        KvCache cache = backend.kvCache(new KvCacheShape(2, 1, 8, DType.BF16, 16), 4);
        RopeTable rope = backend.ropeTable(new float[][] {{1}}, new float[][] {{0}})) {
      Tensor table = loader.tensor(stored(DType.BF16, 1, 8, 8).source());
      LinearWeight linear = loader.linear(List.of(stored(DType.BF16, 1, 4, 8).source()), null);
      assertEquals(4, cache.blocks());
      assertEquals(1, rope.positions());
      long loaded = torch().liveValues();
      assertTrue(loaded > before);
      for (int step = 0; step < 200; step++) {
        try (Workspace _ = backend.openWorkspace()) {
          DeviceBatch batch = backend.upload(tokens(1, 2, 3));
          Tensor x = backend.embedding(table, batch.tokenIds());
          backend.argmax(backend.linear(backend.add(x, x), linear));
          assertTrue(torch().liveValues() > loaded);
        }
        assertEquals(loaded, torch().liveValues());
      }
    }
    assertEquals(before, torch().liveValues());
  }

  @Test
  void anotherThreadIsRefused() {
    FutureTask<Workspace> task = new FutureTask<>(backend::openWorkspace);
    Thread.ofPlatform().start(task);
    ExecutionException error = assertThrows(ExecutionException.class, task::get);
    assertTrue(error.getCause() instanceof IllegalStateException, error.toString());
  }

  @Test
  void anotherBackendMayRunOnAnotherThread() throws Exception {
    FutureTask<Integer> task =
        new FutureTask<>(
            () -> {
              try (TorchBackend other = TorchBackend.open(1);
                  Workspace _ = other.openWorkspace()) {
                return other.upload(tokens(1, 2)).host().tokens();
              }
            });
    Thread.ofPlatform().start(task);
    assertEquals(2, task.get());
  }

  @Test
  void whatLibtorchRefusesSaysWhy() {
    use(DType.F32);
    LinearWeight linear = weights.linear(List.of(stored(DType.F32, 1, 4, 8).source()), null);
    Stored x = stored(DType.F32, 1, 2, 6);
    try (Workspace _ = backend.openWorkspace()) {
      Tensor wrong = activations(x, 2);
      QuernException error =
          assertThrows(QuernException.class, () -> backend.linear(wrong, linear));
      assertEquals(ErrorCategory.INTERNAL, error.category());
      assertTrue(error.message().startsWith("libtorch failed in linear: "), error.message());
      assertFalse(error.message().contains("\n"), error.message());
    }
  }

  @Test
  void failedAllocationsNameTheirSize() {
    QuernException error =
        TorchScript.translated(
            "linear",
            new EngineException(
                "RuntimeError: [enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator:"
                    + " can't allocate memory: you tried to allocate 123456789 bytes. Error code"
                    + " 12 (Cannot allocate memory)"));
    assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    assertTrue(error.message().contains("123456789"), error.message());
  }

  @Test
  void negativeThreadsAreRefused() {
    QuernException error = assertThrows(QuernException.class, () -> TorchBackend.open(-1));
    assertEquals("threads", error.field());
  }
}
