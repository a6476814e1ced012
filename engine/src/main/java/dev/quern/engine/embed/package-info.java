/**
 * Texts through an encoder: tokenising on several threads, a queue, passes of as many tokens as a
 * batch may have, and vectors or scores back to whoever asked.
 *
 * <p>In: requests of texts, pairs or token ids, from any thread. Out: one row of numbers for each,
 * in the request's order, to its listener. The passes take turns with language models on the
 * device's thread. This room knows no HTTP.
 */
@NullMarked
package dev.quern.engine.embed;

import org.jspecify.annotations.NullMarked;
