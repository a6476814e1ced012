package dev.quern.engine.tensor;

/**
 * The paged keys and values of one model: {@code blocks} blocks of {@code blockSize} tokens in
 * every layer, one slab taken when it is made. Slot {@code s} is token {@code s % blockSize} of
 * block {@code s / blockSize}. Freed at close, which waits for queued steps that use it.
 */
public interface KvCache extends AutoCloseable {
  KvCacheShape shape();

  int blocks();

  @Override
  void close();
}
