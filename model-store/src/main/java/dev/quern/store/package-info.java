/**
 * What a model is on disk.
 *
 * <p>In: a folder in the Hugging Face layout, a GGUF file, a name in the hub's cache, or the demo
 * model inside the jar. Out: its configuration as JSON, where each tensor lies in which file, and
 * errors that name the file at fault. The formats other than safetensors have rooms of their own
 * below this one, which know this one; it knows of them only what {@link
 * dev.quern.store.Checkpoint#open} needs to choose. This room knows nothing of devices or HTTP.
 * {@link dev.quern.store.QuernException} is the error type of the whole project and lives here
 * because this is the room everybody may depend on.
 */
@NullMarked
package dev.quern.store;

import org.jspecify.annotations.NullMarked;
