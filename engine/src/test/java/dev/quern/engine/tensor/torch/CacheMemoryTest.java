package dev.quern.engine.tensor.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class CacheMemoryTest {

  @Test
  void takesAllOfItInTheEnd() throws InterruptedException {
    try (CacheMemory memory = CacheMemory.map(100L << 20)) {
      memory.awaitTaken();
      assertEquals(0, memory.untakenBytes());
      MemorySegment all = memory.bytes();
      assertEquals(0, all.address() % CacheMemory.LARGE_PAGE);
      assertEquals(-1, all.mismatch(MemorySegment.ofArray(new byte[100 << 20])), "zeros");
    }
  }

  @Test
  void leavesAloneWhatIsWrittenMeanwhile() throws InterruptedException {
    long bytes = 256L << 20;
    try (CacheMemory memory = CacheMemory.map(bytes)) {
      MemorySegment all = memory.bytes();
      for (long at = bytes - 8; at >= 0; at -= 4096) {
        all.set(ValueLayout.JAVA_LONG, at & -4096L, at);
      }
      memory.awaitTaken();
      for (long at = bytes - 8; at >= 0; at -= 4096) {
        assertEquals(at, all.get(ValueLayout.JAVA_LONG, at & -4096L));
      }
    }
  }

  @Test
  void closesWhileItIsTaken() {
    for (int i = 0; i < 20; i++) {
      CacheMemory memory = CacheMemory.map(1L << 30);
      assertTrue(memory.untakenBytes() > 0);
      memory.close();
      assertEquals(0, memory.untakenBytes());
      memory.close();
    }
  }

  @Test
  void saysWhatTheKernelRefuses() {
    QuernException refused =
        assertThrows(QuernException.class, () -> CacheMemory.map(Long.MAX_VALUE / 4));
    assertEquals(ErrorCategory.OUT_OF_MEMORY, refused.category());
  }

  @Test
  void backendCountsWhatIsPromisedAsTaken() {
    try (TorchBackend backend = TorchBackend.open(1)) {
      long before = backend.freeMemoryBytes();
      KvCacheShape shape = new KvCacheShape(2, 4, 64, DType.BF16, 16);
      int blocks = Math.toIntExact((2L << 30) / shape.bytesPerBlock());
      try (KvCache cache = backend.kvCache(shape, blocks)) {
        long free = backend.freeMemoryBytes();
        // Others on this machine take and give memory too.
        assertTrue(free < before - (1L << 30), before + " bytes were free, then " + free);
        assertEquals(blocks, cache.blocks());
      }
    }
  }
}
