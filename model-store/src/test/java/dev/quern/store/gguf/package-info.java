/**
 * Tests of the GGUF reader; what Python's gguf package and transformers make of a file is the
 * oracle.
 */
@NullMarked
package dev.quern.store.gguf;

import org.jspecify.annotations.NullMarked;
