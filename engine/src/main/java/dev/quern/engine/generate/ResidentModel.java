package dev.quern.engine.generate;

import dev.quern.engine.model.CausalModel;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.KvCache;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model where it computes: weights and KV cache on a backend. Either can be lost and made anew:
 * the cache after a failed step, both when the device was lost. For the device's thread.
 */
final class ResidentModel implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ResidentModel.class);

  private final Function<Backend, CausalModel> loader;
  private final int blocks;
  private @Nullable Backend backend;
  private @Nullable CausalModel model;
  private @Nullable KvCache cache;

  /**
   * Takes over {@code model} and takes its cache.
   *
   * @param loader made the model, and makes it again
   * @param blocks of the cache
   * @throws dev.quern.store.QuernException OUT_OF_MEMORY when the cache does not fit; the model is
   *     the caller's then
   */
  ResidentModel(
      Function<Backend, CausalModel> loader, Backend backend, CausalModel model, int blocks) {
    this.loader = loader;
    this.blocks = blocks;
    this.backend = backend;
    this.model = model;
    cache();
  }

  Backend backend() {
    return present(backend);
  }

  CausalModel model() {
    return present(model);
  }

  /** The cache, taken anew when it was {@linkplain #dropCache dropped}. */
  KvCache cache() {
    KvCache slab = cache;
    if (slab == null) {
      slab = backend().kvCache(model().kvCacheShape(BlockManager.BLOCK_SIZE), blocks);
      cache = slab;
    }
    return slab;
  }

  /** Frees the cache; the next use takes another, which holds nothing. */
  void dropCache() {
    KvCache slab = cache;
    cache = null;
    if (slab != null) {
      slab.close();
    }
  }

  /** The device is gone, and with it what this held there. */
  void lose() {
    try {
      close();
    } catch (RuntimeException e) {
      // Freeing on a lost device fails; what closing frees on the host is worth the try.
      log.debug("on a lost device", e);
    }
  }

  /**
   * Loads the model and takes its cache on {@code fresh}.
   *
   * @throws dev.quern.store.QuernException when that is not possible; nothing stays there then
   */
  void restore(Backend fresh) {
    backend = fresh;
    model = loader.apply(fresh);
    try {
      cache();
    } catch (RuntimeException e) {
      lose();
      throw e;
    }
  }

  /** Frees cache and weights. */
  @Override
  public void close() {
    CausalModel held = model;
    model = null;
    backend = null;
    try {
      dropCache();
    } finally {
      if (held != null) {
        held.close();
      }
    }
  }

  private static <T> T present(@Nullable T held) {
    if (held == null) {
      throw new IllegalStateException("the model is not on a device");
    }
    return held;
  }
}
