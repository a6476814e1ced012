package dev.quern.store.hub;

import java.nio.file.Path;

/**
 * A model in the cache, complete and verified.
 *
 * @param snapshot the folder to serve it from
 * @param bytesFetched bytes of file contents that came over the network for this pull
 */
public record PulledModel(
    ModelReference reference,
    String commit,
    Path snapshot,
    CheckpointManifest manifest,
    long bytesFetched) {}
