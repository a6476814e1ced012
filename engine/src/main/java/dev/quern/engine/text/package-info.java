/**
 * Text to tokens and back: tokenizers, incremental detokenisation, stop strings and chat templates.
 *
 * <p>In: strings, messages, token ids. Out: token ids, and text that never splits a code point.
 * This room knows no device and no HTTP; everything here may run on any worker thread.
 */
@NullMarked
package dev.quern.engine.text;

import org.jspecify.annotations.NullMarked;
