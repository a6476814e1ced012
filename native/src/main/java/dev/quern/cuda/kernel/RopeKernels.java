package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;
import org.jspecify.annotations.Nullable;

/** {@code rope.cu}: from a fused projection to rotated queries and a written KV cache. */
public final class RopeKernels {
  private static final int HEADS_PER_BLOCK = 4;
  private static final int THREADS = 128;

  private final KernelModule module;

  public RopeKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * The rotary tables of a model.
   *
   * @param cosines {@code [positions, rotaryDim / 2]} fp32, likewise sines
   */
  public record Rotary(DeviceBuffer cosines, DeviceBuffer sines, int rotaryDim) {}

  /**
   * Norms of single heads before rotation.
   *
   * @param query {@code [headDim]} fp32 RMSNorm weight of each head's query, likewise key
   */
  public record HeadNorms(DeviceBuffer query, DeviceBuffer key, float epsilon) {}

  /**
   * Norms, rotates and caches the heads of {@code qkv}. A token whose slot is below 0 is padding.
   *
   * @param queries {@code [tokens, queryHeads, headDim]}, written
   * @param qkv {@code [tokens, queryHeads + 2 * kvHeads, headDim]}
   * @param positions {@code [tokens]} int32 rows of the rotary tables
   * @param slots {@code [tokens]} int32
   */
  public void rotateAndCache(
      CudaStream stream,
      ElementType type,
      DeviceBuffer queries,
      DeviceBuffer qkv,
      CacheLayout cache,
      @Nullable HeadNorms norms,
      Rotary rotary,
      DeviceBuffer positions,
      DeviceBuffer slots,
      int tokens) {
    int heads = cache.queryHeads() + 2 * cache.kvHeads();
    if (rotary.rotaryDim() % 2 != 0 || rotary.rotaryDim() > cache.headDim()) {
      throw new IllegalArgumentException("rotary size " + rotary.rotaryDim());
    }
    cache.requireBytes(type);
    if (norms != null) {
      Shapes.requireBytes("query norm", norms.query(), cache.headDim(), Float.BYTES);
      Shapes.requireBytes("key norm", norms.key(), cache.headDim(), Float.BYTES);
    }
    Shapes.requireBytes("qkv", qkv, (long) tokens * heads * cache.headDim(), type.bytes());
    Shapes.requireBytes(
        "queries", queries, (long) tokens * cache.queryHeads() * cache.headDim(), type.bytes());
    Shapes.requireBytes("positions", positions, tokens, Integer.BYTES);
    Shapes.requireBytes("slots", slots, tokens, Integer.BYTES);
    CudaKernel kernel = module.kernel("rotate_and_cache_" + type.suffix(), 16);
    CudaKernel.Arguments arguments =
        kernel.arguments().buffer(queries).buffer(cache.keys()).buffer(cache.values()).buffer(qkv);
    if (norms == null) {
      arguments.nothing().nothing();
    } else {
      arguments.buffer(norms.query()).buffer(norms.key());
    }
    arguments
        .buffer(rotary.cosines())
        .buffer(rotary.sines())
        .buffer(positions)
        .buffer(slots)
        .number(norms == null ? 0 : norms.epsilon())
        .integer(cache.queryHeads())
        .integer(cache.kvHeads())
        .integer(cache.headDim())
        .integer(rotary.rotaryDim())
        .integer(cache.blockSize());
    kernel.launch(
        stream, new LaunchShape(Shapes.ceilDiv(heads, HEADS_PER_BLOCK), tokens, 1, THREADS, 0));
  }
}
