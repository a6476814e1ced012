package dev.quern.store.gguf;

/**
 * Numbers of attention heads, the same in all layers.
 *
 * @param kvHeads heads of keys and values
 */
record GgufHeads(long queryHeads, long kvHeads) {
  /**
   * Reads them from the metadata.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST if layers differ, which no family has
   */
  static GgufHeads read(GgufMetadata metadata, GgufArchitecture architecture) {
    String key = architecture.name() + ".attention.head_count";
    long queryHeads = metadata.neededUniform(key);
    long kvHeads = metadata.has(key + "_kv") ? metadata.neededUniform(key + "_kv") : queryHeads;
    return new GgufHeads(positive(metadata, key, queryHeads), positive(metadata, key, kvHeads));
  }

  private static long positive(GgufMetadata metadata, String key, long heads) {
    if (heads < 1 || heads > Short.MAX_VALUE) {
      throw metadata.error(key, "states " + heads + " heads");
    }
    return heads;
  }
}
