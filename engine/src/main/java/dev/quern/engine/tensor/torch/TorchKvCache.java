package dev.quern.engine.tensor.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Two slabs a layer, {@code [blocks * blockSize, kvHeads, headDim]}: a run of neighbouring blocks
 * is a run of rows, which attention reads in place. All zeros at first.
 */
record TorchKvCache(
    CacheMemory memory,
    TorchArena arena,
    KvCacheShape shape,
    int blocks,
    IValue[] keys,
    IValue[] values)
    implements KvCache {

  /**
   * Maps the memory and makes tensors of it.
   *
   * @param script has {@code view}
   * @param arena owns the tensors, and becomes this cache's
   * @throws dev.quern.store.QuernException OUT_OF_MEMORY when the kernel refuses the memory
   */
  static TorchKvCache open(
      NDManager manager, TorchScript script, TorchArena arena, KvCacheShape shape, int blocks) {
    CacheMemory memory = CacheMemory.map(shape.bytesPerBlock() * blocks);
    try (IValue bytes = tensor(manager, memory)) {
      long[] slab = {(long) blocks * shape.blockSize(), shape.kvHeads(), shape.headDim()};
      int element = shape.dtype().bytes();
      long slabBytes = slab[0] * slab[1] * slab[2] * element;
      int type = ScalarTypes.of(shape.dtype());
      IValue[] keys = new IValue[shape.layers()];
      IValue[] values = new IValue[shape.layers()];
      for (int layer = 0; layer < shape.layers(); layer++) {
        long offset = 2L * layer * slabBytes;
        keys[layer] = arena.keep(script.call("view", bytes, offset, element, type, slab));
        values[layer] =
            arena.keep(script.call("view", bytes, offset + slabBytes, element, type, slab));
      }
      return new TorchKvCache(memory, arena, shape, blocks, keys, values);
    } catch (RuntimeException | Error e) {
      arena.close();
      memory.close();
      throw e;
    }
  }

  /** All of {@code memory} as bytes; DJL has no bf16 for this call. */
  private static IValue tensor(NDManager manager, CacheMemory memory) {
    MemorySegment bytes = memory.bytes();
    // libtorch takes the buffer's address and the shape, which may be longer than a buffer can be.
    ByteBuffer start = bytes.asSlice(0, CacheMemory.LARGE_PAGE).asByteBuffer();
    try (PtNDArray array =
        JniUtils.createNdFromByteBuffer(
            (PtNDManager) manager,
            start,
            new Shape(bytes.byteSize()),
            DataType.UINT8,
            SparseFormat.DENSE,
            Device.cpu())) {
      return IValue.from(array);
    }
  }

  @Override
  public void close() {
    arena.close();
    memory.close();
  }
}
