/**
 * CUDA without a GPU: builds the look-alike driver of {@code src/test/native/emulator} with {@code
 * g++} and sets how it behaves.
 */
@NullMarked
package dev.quern.cuda.emulator;

import org.jspecify.annotations.NullMarked;
