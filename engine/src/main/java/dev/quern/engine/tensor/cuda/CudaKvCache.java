package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.CacheLayout;
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import java.util.List;
import java.util.function.Consumer;

/**
 * One slab: of each layer all keys, then all values, {@code [blocks, kvHeads, blockSize, headDim]}.
 *
 * @param users is told before the cache is gone
 */
record CudaKvCache(
    DeviceArena arena, KvCacheShape shape, int blocks, Consumer<? super CudaKvCache> users)
    implements KvCache {
  /** Keys and values of {@code layer} as kernels see them with these heads. */
  CacheLayout layer(int layer, HeadLayout heads) {
    long bytes = shape.bytesPerBlock() / (2L * shape.layers()) * blocks;
    DeviceBuffer slab = arena.whole();
    return new CacheLayout(
        slab.slice(2L * layer * bytes, bytes),
        slab.slice((2L * layer + 1) * bytes, bytes),
        heads.queryHeads(),
        heads.kvHeads(),
        heads.headDim(),
        blocks,
        shape.blockSize());
  }

  @Override
  public void close() {
    CudaErrors.close(List.<AutoCloseable>of(() -> users.accept(this), arena));
  }
}
