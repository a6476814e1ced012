/**
 * Checkpoints in GGUF, llama.cpp's single-file format, versions 2 and 3.
 *
 * <p>In: a {@code *.gguf} file, which is trusted in nothing. Out: a {@link
 * dev.quern.store.Checkpoint} as if the model lay there in the Hugging Face layout: {@code
 * config.json}, {@code generation_config.json}, {@code tokenizer.json} and {@code
 * tokenizer_config.json} made from the metadata, and the tensors under the names that the families
 * ask for. The format is described in ggml's {@code docs/gguf.md}.
 */
@NullMarked
package dev.quern.store.gguf;

import org.jspecify.annotations.NullMarked;
